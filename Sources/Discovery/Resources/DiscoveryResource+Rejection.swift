package import Mesh
import SwiftProtobuf

extension DiscoveryResource {
    /// What is still known of a resource that cannot be followed: whom a policy may govern is read only where the whole of it
    /// is of the right form and speaks of itself by its own name; otherwise it may govern anybody.
    package func rejection(as type: ResourceType) -> ConfigurationState.Rejection {
        guard type == .authorization, let wire = try? WireAuthorization(serializedBytes: body),
            "\(wire.namespace)/\(wire.name)" == name, let scope = AuthorizationPolicy.Scope(wire.scope)
        else { return ConfigurationState.Rejection(name: name) }
        let action: AuthorizationPolicy.Action? =
            switch wire.action {
            case .allow: .allow
            case .deny: .deny
            case .UNRECOGNIZED: nil
            }
        return ConfigurationState.Rejection(name: name, scope: scope, action: action)
    }
}

extension AuthorizationPolicy.Scope {
    fileprivate init?(_ wire: WireScope) {
        switch wire {
        case .global: self = .global
        case .namespace: self = .namespace
        case .workloadSelector: self = .workloadSelector
        case .UNRECOGNIZED: return nil
        }
    }
}
