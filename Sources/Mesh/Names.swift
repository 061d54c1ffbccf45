/// The key of a service or policy: `namespace/name`. For a service the name is its hostname.
package struct NamespacedName: Hashable, Sendable, CustomStringConvertible, LosslessStringConvertible {
    package let namespace: String
    package let name: String

    package init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
    }

    /// `namespace/name`, split at the first slash; both parts must be there.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        self.init(namespace: String(parts[0]), name: String(parts[1]))
    }

    package var description: String { "\(namespace)/\(name)" }

    /// By namespace, then by name.
    func precedes(_ other: NamespacedName) -> Bool { (namespace, name) < (other.namespace, other.name) }
}

/// An address within a named network; the empty network is the default one.
package struct NetworkAddress: Hashable, Sendable, CustomStringConvertible, LosslessStringConvertible {
    package let network: String
    package let ip: IPAddress

    package init(network: String = "", ip: IPAddress) {
        self.network = network
        self.ip = ip
    }

    /// `network/ip`; the network may be empty (`/10.0.0.1`).
    package init?(_ text: some StringProtocol) {
        guard let slash = text.firstIndex(of: "/"), let ip = IPAddress(text[text.index(after: slash)...]) else {
            return nil
        }
        self.init(network: String(text[..<slash]), ip: ip)
    }

    package var description: String { "\(network)/\(ip)" }
}
