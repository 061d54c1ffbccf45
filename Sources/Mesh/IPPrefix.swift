/// A network: an address and how many of its leading bits count. The other bits are zero.
package struct IPPrefix: Hashable, Sendable {
    package let address: IPAddress
    package let length: Int

    /// Nil when `length` is not within the address's width.
    package init?(_ address: IPAddress, length: Int) {
        guard (0...address.bitCount).contains(length) else { return nil }
        self.address = address.masked(to: length)
        self.length = length
    }

    /// The network of exactly one address.
    package init(host address: IPAddress) {
        self.address = address
        length = address.bitCount
    }

    package func contains(_ candidate: IPAddress) -> Bool {
        candidate.family == address.family && candidate.masked(to: length) == address
    }
}

extension IPPrefix: CustomStringConvertible, LosslessStringConvertible {
    /// `address/length`, or a bare address for a single host.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(parts[0]) else { return nil }
        guard parts.count == 2 else {
            self.init(host: address)
            return
        }
        guard parts[1].utf8.count <= 3, parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let length = Int(parts[1])
        else { return nil }
        self.init(address, length: length)
    }

    package var description: String { "\(address)/\(length)" }
}

extension IPAddress {
    /// This address with all but its first `length` bits cleared.
    package func masked(to length: Int) -> IPAddress {
        switch family {
        case .v4: return IPAddress(v4: UInt32(truncatingIfNeeded: low) & UInt32.max.leading(length))
        case .v6:
            // Taken as it is: masking must not turn a network into an IPv4 address.
            return IPAddress(
                rawFamily: .v6, high: high & UInt64.max.leading(length), low: low & UInt64.max.leading(length - 64))
        }
    }
}

extension FixedWidthInteger where Self: UnsignedInteger {
    /// The first `count` bits kept, the rest cleared; none for a `count` of 0 or less.
    fileprivate func leading(_ count: Int) -> Self {
        count <= 0 ? 0 : self << Self(Self.bitWidth - Swift.min(count, Self.bitWidth))
    }
}
