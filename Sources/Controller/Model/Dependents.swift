import Mesh

/// The objects whose resources may look different after others have changed.
struct Dependents: Equatable {
    var pods: Set<NamespacedName> = []
    var slices: Set<NamespacedName> = []
    /// Of resources, by namespace and host name: more than one object may want to be told there.
    var hosts: Set<NamespacedName> = []
    var entries: Set<NamespacedName> = []
    var workloadEntries: Set<NamespacedName> = []
    var policies: Set<NamespacedName> = []
    var authentications: Set<NamespacedName> = []

    mutating func formUnion(_ other: Dependents) {
        pods.formUnion(other.pods)
        slices.formUnion(other.slices)
        hosts.formUnion(other.hosts)
        entries.formUnion(other.entries)
        workloadEntries.formUnion(other.workloadEntries)
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
                addDependents(ofGateway: gateway, to: &dependents, settings)
            }
        case .node: dependents.pods = pods(onNode: key.name)
        // Its labels and annotations hold for what has none of its own, and may be selected by a Gateway.
        case .namespace: addAll(in: key.name, to: &dependents, settings)
        case .service(let service): addDependents(of: service, to: &dependents, settings)
        case .serviceEntry(let entry): addDependents(of: entry, to: &dependents)
        case .workloadEntry: dependents.workloadEntries = [key]
        case .endpointSlice(let slice):
            dependents.slices = [key]
            dependents.pods = Set(slice.podKeys)
        case .authorizationPolicy(let policy):
            dependents.policies = [key]
            // A policy without a selector is named by no workload.
            if let selector = policy.selector {
                addWorkloads(selectedBy: selector, from: key.namespace, to: &dependents, settings)
            }
        case .peerAuthentication(let authentication):
            addDependents(of: authentication, to: &dependents, settings)
        case .gateway: addDependents(ofGateway: key, to: &dependents, settings)
        case .gatewayClass:
            for gateway in gateways(ofClass: key.name) { addDependents(ofGateway: gateway, to: &dependents, settings) }
        case .meshConfig where key.namespace == settings.rootNamespace:
            for service in services.keys { dependents.hosts.insert(settings.resourceKey(ofService: service)) }
            for entry in serviceEntries.values { addHosts(of: entry, to: &dependents) }
            addAllWorkloads(to: &dependents)
        default: break
        }
        return dependents
    }

    private func addAll(in namespace: String, to dependents: inout Dependents, _ settings: MeshSettings) {
        for service in services(in: namespace) { dependents.hosts.insert(settings.resourceKey(ofService: service)) }
        for entry in entries(in: namespace).compactMap({ serviceEntries[$0] }) { addHosts(of: entry, to: &dependents) }
        dependents.pods.formUnion(pods(in: namespace))
        dependents.workloadEntries.formUnion(workloadEntries(in: namespace))
    }

    private func addAllWorkloads(to dependents: inout Dependents) {
        dependents.pods = Set(pods.keys)
        dependents.workloadEntries = Set(workloadEntries.keys)
    }

    /// Whoever asks for it, by its own labels or its namespace's.
    private func addDependents(
        ofGateway gateway: NamespacedName, to dependents: inout Dependents, _ settings: MeshSettings
    ) {
        let asking = asking(for: gateway)
        for service in asking.services { dependents.hosts.insert(settings.resourceKey(ofService: service)) }
        for entry in entries(askingFor: gateway).compactMap({ serviceEntries[$0] }) {
            addHosts(of: entry, to: &dependents)
        }
        dependents.pods.formUnion(asking.pods)
        dependents.workloadEntries.formUnion(workloadEntries(askingFor: gateway))
        for namespace in asking.namespaces { addAll(in: namespace, to: &dependents, settings) }
    }

    private func addDependents(
        of service: Kubernetes.Service, to dependents: inout Dependents, _ settings: MeshSettings
    ) {
        let namespace = service.key.namespace
        let resource = settings.resourceKey(ofService: service.key)
        dependents.hosts = [resource]
        // It comes before the entries with its host.
        addEntries(ofHost: resource.name, in: namespace, to: &dependents)
        dependents.slices = slices(ofService: service.key)
        dependents.pods.formUnion(dependents.slices.flatMap { slices[$0]?.podKeys ?? [] })
        guard let selector = service.selector else { return }
        dependents.pods.formUnion(pods(selectedBy: selector, in: namespace))
        dependents.workloadEntries.formUnion(workloadEntries(selectedBy: selector, in: namespace))
    }

    private func addDependents(of entry: Kubernetes.ServiceEntry, to dependents: inout Dependents) {
        let key = entry.metadata.key
        dependents.entries = [key]
        for host in entry.hosts { addEntries(ofHost: host, in: key.namespace, to: &dependents) }
    }

    /// Which of several entries with one host comes first depends on them all, and in one namespace only that has endpoints.
    private func addEntries(ofHost host: String, in namespace: String, to dependents: inout Dependents) {
        for entry in entries(ofHost: host) {
            let key = entry.metadata.key
            dependents.hosts.insert(NamespacedName(namespace: key.namespace, name: host))
            guard key.namespace == namespace else { continue }
            dependents.entries.insert(key)
            guard let selector = entry.selector else { continue }
            dependents.pods.formUnion(pods(selectedBy: selector, in: namespace))
            dependents.workloadEntries.formUnion(workloadEntries(selectedBy: selector, in: namespace))
        }
    }

    private func addHosts(of entry: Kubernetes.ServiceEntry, to dependents: inout Dependents) {
        for host in entry.hosts {
            for other in entries(ofHost: host) {
                dependents.hosts.insert(NamespacedName(namespace: other.metadata.namespace, name: host))
            }
        }
    }

    /// One that is for a namespace, or the mesh, is what those with a selector fall back on.
    private func addDependents(
        of authentication: Kubernetes.PeerAuthentication, to dependents: inout Dependents, _ settings: MeshSettings
    ) {
        let key = authentication.metadata.key
        if let selector = authentication.selector {
            dependents.authentications = [key]
            dependents.pods = pods(selectedBy: selector, in: key.namespace)
            dependents.workloadEntries = workloadEntries(selectedBy: selector, in: key.namespace)
        } else if key.namespace == settings.rootNamespace {
            dependents.authentications = Set(authentications.keys)
            addAllWorkloads(to: &dependents)
        } else {
            dependents.authentications = authentications(in: key.namespace)
            dependents.pods = pods(in: key.namespace)
            dependents.workloadEntries = workloadEntries(in: key.namespace)
        }
    }

    /// A selector of the root namespace reaches into all.
    private func addWorkloads(
        selectedBy selector: [String: String], from namespace: String, to dependents: inout Dependents,
        _ settings: MeshSettings
    ) {
        let isWide = namespace == settings.rootNamespace
        for namespace in isWide ? populatedNamespaces : [namespace] {
            dependents.pods.formUnion(pods(selectedBy: selector, in: namespace))
            dependents.workloadEntries.formUnion(workloadEntries(selectedBy: selector, in: namespace))
        }
    }
}

extension MeshSettings {
    /// What a Service is told as.
    func resourceKey(ofService service: NamespacedName) -> NamespacedName {
        NamespacedName(namespace: service.namespace, name: hostname(ofService: service))
    }
}
