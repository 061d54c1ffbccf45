import Mesh

/// The objects whose resources may look different after others have changed.
struct Dependents: Equatable {
    var pods: Set<NamespacedName> = []
    var slices: Set<NamespacedName> = []
    var services: Set<NamespacedName> = []
    var policies: Set<NamespacedName> = []
    var authentications: Set<NamespacedName> = []

    mutating func formUnion(_ other: Dependents) {
        pods.formUnion(other.pods)
        slices.formUnion(other.slices)
        services.formUnion(other.services)
        policies.formUnion(other.policies)
        authentications.formUnion(other.authentications)
    }
}

extension MeshModel {
    /// What depends on an object that is in the model, itself included.
    func dependents(of object: KubernetesObject, settings: MeshSettings) -> Dependents {
        let key = object.metadata.key
        var dependents = Dependents()
        switch object {
        case .pod(let pod):
            dependents.pods = [key]
            // Whom another's waypoint runs as, only its pods tell.
            if let gateway = pod.gatewayKey, gateways[gateway].map({ !owns($0, settings) }) == true {
                addDependents(ofGateway: gateway, to: &dependents)
            }
        case .node: dependents.pods = pods(onNode: key.name)
        // Its labels and annotations hold for what has none of its own, and may be selected by a Gateway.
        case .namespace:
            dependents.services = services(in: key.name)
            dependents.pods = pods(in: key.name)
        case .service(let service): addDependents(of: service, to: &dependents)
        case .endpointSlice(let slice):
            dependents.slices = [key]
            dependents.pods = Set(slice.podKeys)
        case .authorizationPolicy(let policy):
            dependents.policies = [key]
            // A policy without a selector is named by no workload.
            if let selector = policy.selector {
                dependents.pods = pods(selectedBy: selector, from: key.namespace, settings)
            }
        case .peerAuthentication(let authentication):
            addDependents(of: authentication, to: &dependents, settings)
        case .gateway: addDependents(ofGateway: key, to: &dependents)
        case .gatewayClass:
            for gateway in gateways(ofClass: key.name) { addDependents(ofGateway: gateway, to: &dependents) }
        case .meshConfig where key.namespace == settings.rootNamespace:
            dependents.services = Set(services.keys)
            dependents.pods = Set(pods.keys)
        default: break
        }
        return dependents
    }

    /// Whoever asks for it, by its own labels or its namespace's.
    private func addDependents(ofGateway gateway: NamespacedName, to dependents: inout Dependents) {
        let asking = asking(for: gateway)
        dependents.services.formUnion(asking.services)
        dependents.pods.formUnion(asking.pods)
        for namespace in asking.namespaces {
            dependents.services.formUnion(services(in: namespace))
            dependents.pods.formUnion(pods(in: namespace))
        }
    }

    private func addDependents(of service: Kubernetes.Service, to dependents: inout Dependents) {
        dependents.services = [service.key]
        dependents.slices = slices(ofService: service.key)
        dependents.pods = Set(dependents.slices.flatMap { slices[$0]?.podKeys ?? [] })
        if let selector = service.selector {
            dependents.pods.formUnion(pods(selectedBy: selector, in: pods(in: service.key.namespace)))
        }
    }

    /// One that is for a namespace, or the mesh, is what those with a selector fall back on.
    private func addDependents(
        of authentication: Kubernetes.PeerAuthentication, to dependents: inout Dependents, _ settings: MeshSettings
    ) {
        let key = authentication.metadata.key
        if let selector = authentication.selector {
            dependents.authentications = [key]
            dependents.pods = pods(selectedBy: selector, in: pods(in: key.namespace))
        } else if key.namespace == settings.rootNamespace {
            dependents.authentications = Set(authentications.keys)
            dependents.pods = Set(pods.keys)
        } else {
            dependents.authentications = authentications(in: key.namespace)
            dependents.pods = pods(in: key.namespace)
        }
    }

    /// A selector of the root namespace reaches into all.
    private func pods(
        selectedBy selector: [String: String], from namespace: String, _ settings: MeshSettings
    ) -> Set<NamespacedName> {
        let isWide = namespace == settings.rootNamespace
        return pods(selectedBy: selector, in: isWide ? Set(pods.keys) : pods(in: namespace))
    }

    private func pods(
        selectedBy selector: [String: String], in candidates: Set<NamespacedName>
    ) -> Set<NamespacedName> {
        candidates.filter { key in
            selector.allSatisfy { pods[key]?.metadata.labels[$0.key] == $0.value }
        }
    }
}
