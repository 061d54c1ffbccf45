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

    package init(
        name: String, aliases: [String] = [], version: String, since: WorldVersion, body: [UInt8] = [],
        services: [String] = [], node: String = "", isCaptured: Bool = false
    ) {
        self.name = name
        self.aliases = aliases
        self.version = version
        self.since = since
        self.body = body
        self.services = services
        self.node = node
        self.isCaptured = isCaptured
    }

    package init(
        _ resource: DiscoveryResource, since: WorldVersion, services: [String] = [], node: String = "",
        isCaptured: Bool = false
    ) {
        self.init(
            name: resource.name, aliases: resource.aliases, version: resource.version, since: since,
            body: resource.body, services: services, node: node, isCaptured: isCaptured)
    }

    /// As it is sent.
    package func onTheWire(as type: ResourceType) -> DiscoveryResource {
        DiscoveryResource(name: name, version: version, aliases: aliases, typeURL: type.rawValue, body: body)
    }
}
