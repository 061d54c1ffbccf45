import Mesh

/// What a resolver says, as one datagram (RFC 1035 §4.1).
enum DNSAnswer {
    enum Code: UInt8, Sendable {
        case success = 0, malformed = 1, nameDoesNotExist = 3, unsupported = 4, refused = 5
    }

    /// Long enough that nothing asks twice for one page, short enough that a new pod is found soon.
    private static let lifetimeSeconds: UInt32 = 5
    private static let headerBytes = 12
    private static let optionRecord: [UInt8] = [0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0]  // 1232 bytes, no options

    /// Addresses of the family that is asked for. As many as fit: any subset of a service's addresses is a right answer,
    /// and better than a truncated one, which makes clients ask again over TCP.
    static func datagram(to question: DNSQuestion, _ code: Code, addresses: [IPAddress] = []) -> [UInt8] {
        let records = addresses.map(record)
        var room = question.answerLimitBytes - headerBytes - question.section.count
        if question.speaksEDNS { room -= optionRecord.count }
        var body: [UInt8] = []
        var count: UInt16 = 0
        for record in records where body.count + record.count <= room {
            body += record
            count += 1
        }
        var flags: UInt16 = 0x8480 | UInt16(code.rawValue)  // an answer, authoritative, recursion available
        if question.recursionDesired { flags |= 0x0100 }
        let additional: UInt16 = question.speaksEDNS ? 1 : 0
        return words([question.identifier, flags, 1, count, 0, additional]) + question.section + body
            + (question.speaksEDNS ? optionRecord : [])
    }

    /// A header alone, to a query that could not be read; nil when it deserves none.
    static func datagram(to failure: DNSQuestion.Failure) -> [UInt8]? {
        switch failure {
        case .silent: nil
        case .malformed(let identifier): words([identifier, 0x8080 | UInt16(Code.malformed.rawValue), 0, 0, 0, 0])
        case .unsupported(let identifier): words([identifier, 0x8080 | UInt16(Code.unsupported.rawValue), 0, 0, 0, 0])
        }
    }

    /// A record for the question's own name, to which 0xc00c points.
    private static func record(_ address: IPAddress) -> [UInt8] {
        let type = address.family == .v4 ? DNSQuestion.addressV4 : DNSQuestion.addressV6
        let lifetime = [UInt16(lifetimeSeconds >> 16), UInt16(lifetimeSeconds & 0xffff)]
        let data = address.bytes
        return words([0xc00c, type, DNSQuestion.internet] + lifetime + [UInt16(data.count)]) + data
    }

    private static func words(_ words: [UInt16]) -> [UInt8] {
        words.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
    }
}
