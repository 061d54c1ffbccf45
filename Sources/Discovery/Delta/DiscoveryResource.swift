import FoundationEssentials
package import Mesh
import SwiftProtobuf

/// The types of resources that node proxies are told of.
package enum ResourceType: String, CaseIterable, Hashable, Sendable {
    /// Workloads and services.
    case address = "type.googleapis.com/istio.workload.Address"
    /// Workloads alone.
    case workload = "type.googleapis.com/istio.workload.Workload"
    case authorization = "type.googleapis.com/istio.security.Authorization"

    /// What a proxy's state calls it.
    package var kind: ConfigurationState.Kind {
        switch self {
        case .address, .workload: .addresses
        case .authorization: .policies
        }
    }
}

/// A resource on its way: its body in bytes, with the name and version by which both sides speak of it.
package struct DiscoveryResource: Hashable, Sendable {
    package var name: String
    /// Changes with the content, and only with it.
    package var version: String
    package var aliases: [String]
    package var typeURL: String
    package var body: [UInt8]

    package init(name: String, version: String, aliases: [String] = [], typeURL: String, body: [UInt8]) {
        self.name = name
        self.version = version
        self.aliases = aliases
        self.typeURL = typeURL
        self.body = body
    }

    /// With a hash of the body as its version. The type must be one that has such resources.
    package init(_ resource: MeshResource, as type: ResourceType) {
        let body = resource.encoded(as: type)
        self.init(
            name: resource.name, version: ContentHash(body).version, aliases: resource.aliases,
            typeURL: type.rawValue, body: body)
    }

    /// What to take the resource for when `decoded` throws.
    package func rejection(as type: ResourceType) -> ConfigurationState.Rejection {
        var rejection = ConfigurationState.Rejection(name: name)
        guard type == .authorization, typeURL == type.rawValue else { return rejection }
        (rejection.scope, rejection.action) = AuthorizationPolicy.outline(of: name, decoding: body)
        return rejection
    }

    /// What the body says. Throws when it is not what the type and the name promise, or cannot be followed to the
    /// letter.
    package func decoded(as type: ResourceType) throws(ResourceFault) -> MeshResource {
        guard typeURL == type.rawValue else {
            throw ResourceFault(
                field: "resource.type_url", problem: "expected \(type.rawValue), found \(typeURL.excerpt)")
        }
        let resource = try MeshResource(type, decoding: body)
        guard resource.name == name else {
            throw ResourceFault(field: "resource", problem: "is that of \(resource.name.excerpt)")
        }
        return resource
    }
}

// MARK: - Wire

extension DiscoveryResource {
    init(wire: WireResource) throws(DiscoveryFault) {
        self.init(
            name: try wire.name.bounded("resources.name"), version: try wire.version.bounded("resources.version"),
            aliases: try wire.aliases.bounded("resources.aliases"),
            typeURL: try wire.resource.typeURL.bounded("resources.resource.type_url"),
            body: [UInt8](wire.resource.value))
    }

    var wire: WireResource {
        .with {
            $0.name = name
            $0.version = version
            $0.aliases = aliases
            $0.resource.typeURL = typeURL
            $0.resource.value = Data(body)
        }
    }
}
