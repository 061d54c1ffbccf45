/// Values filed under networks, found by an address within them. A look-up costs one hash per length in use.
package struct IPPrefixTable<Value: Sendable>: Sendable {
    private var values: [IPPrefix: [Value]] = [:]
    /// The lengths in use, longest first.
    private var lengthsV4: [Int] = []
    private var lengthsV6: [Int] = []

    package init() {}

    package var isEmpty: Bool { values.isEmpty }

    package mutating func insert(_ value: Value, for network: IPPrefix) {
        values[network, default: []].append(value)
        switch network.address.family {
        case .v4: Self.insert(network.length, into: &lengthsV4)
        case .v6: Self.insert(network.length, into: &lengthsV6)
        }
    }

    /// Takes away what `isGone` says of what is filed under a network.
    package mutating func remove(_ network: IPPrefix, where isGone: (Value) -> Bool) {
        values[network]?.removeAll(where: isGone)
        guard values[network]?.isEmpty == true else { return }
        values[network] = nil
        let isUsed = values.keys.contains { $0.length == network.length && $0.address.family == network.address.family }
        if isUsed { return }
        switch network.address.family {
        case .v4: lengthsV4.removeAll { $0 == network.length }
        case .v6: lengthsV6.removeAll { $0 == network.length }
        }
    }

    /// The lengths of the networks of a family, longest first.
    package func lengths(_ family: IPAddress.Family) -> [Int] { family == .v4 ? lengthsV4 : lengthsV6 }

    /// The values of the network of this length that holds `address`.
    package func values(at address: IPAddress, length: Int) -> [Value]? {
        IPPrefix(address, length: length).flatMap { values[$0] }
    }

    private static func insert(_ length: Int, into lengths: inout [Int]) {
        guard let place = lengths.firstIndex(where: { $0 <= length }) else { return lengths.append(length) }
        if lengths[place] != length { lengths.insert(length, at: place) }
    }
}
