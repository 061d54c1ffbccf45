/// An IPv4 or IPv6 address, held as two words so that it is small, trivial and quick to hash.
package struct IPAddress: Hashable, Sendable {
    package enum Family: UInt8, Hashable, Sendable { case v4, v6 }

    package let family: Family
    /// The first eight bytes of an IPv6 address; 0 for IPv4. Most significant byte first.
    package let high: UInt64
    /// The last eight bytes of an IPv6 address, or the 32 bits of an IPv4 address.
    package let low: UInt64

    package init(v4 bits: UInt32) {
        self.init(rawFamily: .v4, high: 0, low: UInt64(bits))
    }

    /// Words as they are; `init(v6High:low:)` is for addresses that come from outside.
    init(rawFamily family: Family, high: UInt64, low: UInt64) {
        self.family = family
        self.high = high
        self.low = low
    }

    /// IPv4-mapped addresses (`::ffff:a.b.c.d`) become what they mean, so that one host has one address.
    package init(v6High: UInt64, low: UInt64) {
        let isMapped = v6High == 0 && low >> 32 == 0xffff
        self.init(rawFamily: isMapped ? .v4 : .v6, high: v6High, low: isMapped ? low & 0xffff_ffff : low)
    }

    /// From 4 or 16 bytes in network order; nil for any other count.
    package init?(bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4: self.init(v4: bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case 16:
            self.init(
                v6High: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
                low: bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
        default: return nil
        }
    }

    /// 4 or 16 bytes in network order.
    package var bytes: [UInt8] {
        switch family {
        case .v4: return (0..<4).map { UInt8(truncatingIfNeeded: low >> (24 - 8 * UInt64($0))) }
        case .v6:
            return [high, low].flatMap { word in
                (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) }
            }
        }
    }

    package var bitCount: Int { family == .v4 ? 32 : 128 }

    package var isLoopback: Bool {
        family == .v4 ? low >> 24 == 127 : high == 0 && low == 1
    }

    package var isUnspecified: Bool { high == 0 && low == 0 }

    package static func unspecified(_ family: Family) -> IPAddress {
        family == .v4 ? IPAddress(v4: 0) : IPAddress(v6High: 0, low: 0)
    }

    package static func loopback(_ family: Family) -> IPAddress {
        family == .v4 ? IPAddress(v4: 0x7f00_0001) : IPAddress(v6High: 0, low: 1)
    }
}

// MARK: - Text

extension IPAddress: CustomStringConvertible, LosslessStringConvertible {
    /// Strict dotted quads (no leading zeros, no short forms) and RFC 4291 §2.2 text; no zones, no brackets.
    package init?(_ text: some StringProtocol) {
        let address = text.utf8.contains(UInt8(ascii: ":")) ? Self.parseV6(text) : Self.parseV4(text)
        guard let address else { return nil }
        self = address
    }

    private static func parseV4(_ text: some StringProtocol) -> IPAddress? {
        var bits: UInt32 = 0
        var octet: UInt32?
        var dots = 0
        for byte in text.utf8 {
            switch (byte, octet) {
            case (0x30...0x39, nil): octet = UInt32(byte - 0x30)
            // A second digit after a zero would be octal to some.
            case (0x30...0x39, let value?) where value > 0 && value * 10 + UInt32(byte - 0x30) <= 255:
                octet = value * 10 + UInt32(byte - 0x30)
            case (0x2e, let value?) where dots < 3:
                bits = bits << 8 | value
                octet = nil
                dots += 1
            default: return nil
            }
        }
        guard dots == 3, let octet else { return nil }
        return IPAddress(v4: bits << 8 | octet)
    }

    private static func parseV6(_ text: some StringProtocol) -> IPAddress? {
        guard text.utf8.count <= 45 else { return nil }
        let halves = text.components(separatedBy: "::")
        guard halves.count <= 2 else { return nil }
        guard let head = groups(of: halves[0], mayEndInV4: halves.count == 1) else { return nil }
        guard halves.count == 2 else { return head.count == 8 ? IPAddress(groups: head) : nil }
        guard let tail = groups(of: halves[1], mayEndInV4: true), head.count + tail.count < 8 else { return nil }
        return IPAddress(groups: head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail)
    }

    private static func groups(of text: Substring, mayEndInV4: Bool) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var groups: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if part.contains(".") {
                guard mayEndInV4, index == parts.count - 1, let v4 = parseV4(part) else { return nil }
                groups += [UInt16(truncatingIfNeeded: v4.low >> 16), UInt16(truncatingIfNeeded: v4.low)]
                continue
            }
            guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy(\.isHexadecimal),
                let group = UInt16(part, radix: 16)
            else { return nil }
            groups.append(group)
        }
        return groups
    }

    private init(groups: [UInt16]) {
        self.init(
            v6High: groups.prefix(4).reduce(0) { $0 << 16 | UInt64($1) },
            low: groups.suffix(4).reduce(0) { $0 << 16 | UInt64($1) })
    }

    /// Dotted quad, or the canonical form of RFC 5952: lower case, the longest run of zero groups compressed.
    package var description: String {
        guard family == .v6 else { return "\(low >> 24 & 0xff).\(low >> 16 & 0xff).\(low >> 8 & 0xff).\(low & 0xff)" }
        let groups = [high, low].flatMap { word in
            (0..<4).map { UInt16(truncatingIfNeeded: word >> (48 - 16 * UInt64($0))) }
        }
        guard let run = Self.longestZeroRun(groups) else { return Self.hex(groups[...]) }
        return Self.hex(groups[..<run.lowerBound]) + "::" + Self.hex(groups[run.upperBound...])
    }

    private static func hex(_ groups: ArraySlice<UInt16>) -> String {
        groups.map { String($0, radix: 16) }.joined(separator: ":")
    }

    private static func longestZeroRun(_ groups: [UInt16]) -> Range<Int>? {
        var best: Range<Int>?
        var start = 0
        while start < groups.count {
            guard groups[start] == 0 else {
                start += 1
                continue
            }
            let end = groups[start...].firstIndex { $0 != 0 } ?? groups.count
            if end - start > max(1, best?.count ?? 1) { best = start..<end }
            start = end
        }
        return best
    }
}

extension UInt8 {
    fileprivate var isHexadecimal: Bool {
        (0x30...0x39).contains(self) || (0x41...0x46).contains(self) || (0x61...0x66).contains(self)
    }
}

extension StringProtocol {
    /// Splits at each occurrence of `separator`; always at least one part.
    fileprivate func components(separatedBy separator: String) -> [Substring] {
        var parts: [Substring] = []
        var rest = Substring(self)
        while let found = rest.firstRange(of: separator) {
            parts.append(rest[..<found.lowerBound])
            rest = rest[found.upperBound...]
        }
        return parts + [rest]
    }
}
