package import Discovery

/// A resource as it is pushed: made and encoded once, and shared by all who are told of it.
package struct PublishedResource: Hashable, Sendable {
    package let name: String
    /// Other names under which it may be asked for, `network/ip`.
    package let aliases: [String]
    /// A hash of its content: the same in every controller.
    package let version: String
    /// The change with which this content came in.
    package let since: WorldVersion
    /// The message itself.
    package let body: [UInt8]
    /// What it belongs to: of a workload its services by `namespace/hostname`, and its node.
    package let services: [String]
    package let node: String
    /// Of a workload: whether its node's proxy serves it.
    package let isCaptured: Bool
    /// Of waypoints that its connections may go through, by `namespace/hostname`.
    package let waypoints: [String]

    package init(
        name: String, aliases: [String] = [], version: String, since: WorldVersion, body: [UInt8] = [],
        services: [String] = [], node: String = "", isCaptured: Bool = false, waypoints: [String] = []
    ) {
        self.name = name
        self.aliases = aliases
        self.version = version
        self.since = since
        self.body = body
        self.services = services
        self.node = node
        self.isCaptured = isCaptured
        self.waypoints = waypoints
    }

    package init(
        _ resource: DiscoveryResource, since: WorldVersion, services: [String] = [], node: String = "",
        isCaptured: Bool = false, waypoints: [String] = []
    ) {
        self.init(
            name: resource.name, aliases: resource.aliases, version: resource.version, since: since,
            body: resource.body, services: services, node: node, isCaptured: isCaptured, waypoints: waypoints)
    }

    /// Whether it is an `Address` that holds a workload: that is its field 1, and the only one it has.
    var isWorkload: Bool { body.first == Self.workloadTag }

    /// As it is sent.
    package func onTheWire(as type: ResourceType) -> DiscoveryResource {
        let body = type == .workload ? workloadBody : body
        return DiscoveryResource(name: name, version: version, aliases: aliases, typeURL: type.rawValue, body: body)
    }

    /// Without the `Address` around it: a tag and a length in base 128.
    private var workloadBody: [UInt8] {
        guard isWorkload, let end = body.dropFirst().firstIndex(where: { $0 < 0x80 }) else { return [] }
        return Array(body[(end + 1)...])
    }

    private static let workloadTag: UInt8 = 1 << 3 | 2
}
