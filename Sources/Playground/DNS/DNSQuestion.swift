/// What a resolver is asked, read from one datagram (RFC 1035 §4.1). The bytes are a stranger's: each is checked, and
/// nothing is allocated that is larger than the datagram.
struct DNSQuestion: Hashable, Sendable {
    enum Failure: Error, Hashable, Sendable {
        /// Not worth an answer: too short for a header, or itself an answer (which could start a loop).
        case silent
        /// FORMERR, to the query with this identifier.
        case malformed(identifier: UInt16)
        /// NOTIMP, to the query with this identifier.
        case unsupported(identifier: UInt16)
    }

    static let addressV4: UInt16 = 1
    static let addressV6: UInt16 = 28
    static let anyType: UInt16 = 255
    static let internet: UInt16 = 1

    let identifier: UInt16
    let recursionDesired: Bool
    /// Lower case, without the final dot.
    let name: String
    let type: UInt16
    let `class`: UInt16
    /// The question section as it came, so that the answer echoes the asker's own spelling.
    let section: [UInt8]
    /// The largest answer the asker takes, in bytes: RFC 1035 §4.2.1, or what EDNS says (RFC 6891 §6.2.3).
    let answerLimitBytes: Int
    let speaksEDNS: Bool
}

extension DNSQuestion {
    private static let headerBytes = 12
    /// RFC 1035 §2.3.4.
    private static let nameLimitBytes = 255
    private static let labelLimitBytes = 63
    private static let plainAnswerLimitBytes = 512
    /// RFC 6891 §6.2.5 suggests 4096; fragments help nobody on our links.
    private static let answerCeilingBytes = 1232

    /// Reads one datagram.
    init(datagram bytes: [UInt8]) throws(Failure) {
        var reader = Reader(bytes: bytes)
        guard let identifier = reader.word(), let flags = reader.word(), let counts = reader.words(4),
            flags & 0x8000 == 0
        else { throw .silent }
        guard flags & 0x7800 == 0 else { throw .unsupported(identifier: identifier) }
        // One question, no answers, no authority, and at most the EDNS record beside it.
        guard counts[0] == 1, counts[1] == 0, counts[2] == 0, counts[3] <= 1 else {
            throw .malformed(identifier: identifier)
        }
        guard let name = reader.name(), let type = reader.word(), let `class` = reader.word() else {
            throw .malformed(identifier: identifier)
        }
        self.identifier = identifier
        self.recursionDesired = flags & 0x0100 != 0
        self.name = name
        self.type = type
        self.class = `class`
        section = Array(bytes[Self.headerBytes..<reader.position])
        let offered = counts[3] == 1 ? reader.payloadLimit() : nil
        guard counts[3] == 0 || offered != nil else { throw .malformed(identifier: identifier) }
        speaksEDNS = offered != nil
        answerLimitBytes = min(max(offered ?? 0, Self.plainAnswerLimitBytes), Self.answerCeilingBytes)
    }

    /// Walks the bytes; nil where they end too early or break a rule.
    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        mutating func byte() -> UInt8? {
            guard position < bytes.count else { return nil }
            defer { position += 1 }
            return bytes[position]
        }

        mutating func word() -> UInt16? {
            guard let high = byte(), let low = byte() else { return nil }
            return UInt16(high) << 8 | UInt16(low)
        }

        mutating func words(_ count: Int) -> [UInt16]? {
            var words: [UInt16] = []
            for _ in 0..<count {
                guard let word = word() else { return nil }
                words.append(word)
            }
            return words
        }

        /// Labels up to the root. A question comes first in its message, so it has nothing to point back to: pointers are refused.
        mutating func name() -> String? {
            let start = position
            var labels: [String] = []
            while let length = byte() {
                if length == 0 { return labels.joined(separator: ".") }
                guard length <= DNSQuestion.labelLimitBytes, position + Int(length) <= bytes.count,
                    position + Int(length) - start < DNSQuestion.nameLimitBytes,
                    let label = Self.label(bytes[position..<(position + Int(length))])
                else { return nil }
                labels.append(label)
                position += Int(length)
            }
            return nil
        }

        /// Printable ASCII in lower case. A dot inside a label would read as two labels.
        private static func label(_ bytes: ArraySlice<UInt8>) -> String? {
            guard bytes.allSatisfy({ (0x21...0x7e).contains($0) && $0 != UInt8(ascii: ".") }) else { return nil }
            return String(decoding: bytes, as: UTF8.self).lowercased()
        }

        /// The class field of an OPT record: root name, type 41. Its options are of no interest.
        mutating func payloadLimit() -> Int? {
            guard byte() == 0, word() == 41, let limit = word(), words(2) != nil, let length = word(),
                position + Int(length) == bytes.count
            else { return nil }
            return Int(limit)
        }
    }
}
