/// Which workloads an object has a say in.
package enum Reach: Hashable, Sendable {
    case nobody
    /// Every workload that a node's proxy serves.
    case mesh
    case namespace(String)
    /// What the object's own selector matches.
    case selection(ObjectReference)

    package init(of object: KubernetesObject, settings: MeshSettings) {
        let reference = object.reference
        let isInRoot = reference.namespace == settings.rootNamespace
        switch object {
        case .authorizationPolicy(let policy):
            if !AuthorizationTranslation.isForZTunnel(policy) {
                self = .nobody
            } else if policy.selector != nil {
                self = .selection(reference)
            } else {
                self = isInRoot ? .mesh : .namespace(reference.namespace)
            }
        case .peerAuthentication(let authentication):
            let isWide = authentication.selector == nil
            if isWide {
                self = isInRoot ? .mesh : .namespace(reference.namespace)
            } else {
                // A selector of the root namespace selects nothing.
                self = isInRoot ? .nobody : .selection(reference)
            }
        case .requestAuthentication, .httpRoute, .grpcRoute: self = .nobody
        // Whoever sends must know of it.
        default: self = .mesh
        }
    }
}
