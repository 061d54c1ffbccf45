package import Mesh

/// The objects of a cluster, and who has to do with whom. Pure: changes in, values out.
package struct MeshModel: Sendable {
    package enum Change: Hashable, Sendable {
        case upsert(KubernetesObject)
        case remove(ObjectReference)
    }

    package private(set) var objects: [ObjectReference: KubernetesObject] = [:]

    package private(set) var namespaces: [String: Kubernetes.Namespace] = [:]
    package private(set) var nodes: [String: Kubernetes.Node] = [:]
    package private(set) var pods: [NamespacedName: Kubernetes.Pod] = [:]
    package private(set) var services: [NamespacedName: Kubernetes.Service] = [:]
    package private(set) var slices: [NamespacedName: Kubernetes.EndpointSlice] = [:]
    package private(set) var policies: [NamespacedName: Kubernetes.AuthorizationPolicy] = [:]
    package private(set) var authentications: [NamespacedName: Kubernetes.PeerAuthentication] = [:]

    package private(set) var serviceEntries: [NamespacedName: Kubernetes.ServiceEntry] = [:]
    package private(set) var workloadEntries: [NamespacedName: Kubernetes.WorkloadEntry] = [:]

    package private(set) var gateways: [NamespacedName: Kubernetes.Gateway] = [:]
    package private(set) var gatewayClasses: [String: Kubernetes.GatewayClass] = [:]
    package private(set) var meshConfigs: [NamespacedName: Kubernetes.MeshConfig] = [:]
    /// By namespace and name.
    private var referenceGrants: [String: [String: Kubernetes.ReferenceGrant]] = [:]

    /// By namespace, as are the following.
    private var serviceSelectors: [String: SelectorIndex] = [:]
    private var entrySelectors: [String: SelectorIndex] = [:]
    private var policySelectors: [String: SelectorIndex] = [:]
    private var authenticationSelectors: [String: SelectorIndex] = [:]
    /// Those without a selector.
    private var wideAuthentications: [String: Set<String>] = [:]
    private var slicesByPod: [NamespacedName: Set<NamespacedName>] = [:]
    private var slicesByService: [NamespacedName: Set<NamespacedName>] = [:]
    private var podsByNode: [String: Set<NamespacedName>] = [:]
    private var podsByNamespace: [String: Set<NamespacedName>] = [:]
    private var servicesByNamespace: [String: Set<NamespacedName>] = [:]
    private var entriesByNamespace: [String: Set<NamespacedName>] = [:]
    private var entriesByHost: [String: Set<NamespacedName>] = [:]
    private var workloadEntriesByNamespace: [String: Set<NamespacedName>] = [:]
    private var podLabels = LabelIndex()
    private var workloadEntryLabels = LabelIndex()
    private var authenticationsByNamespace: [String: Set<NamespacedName>] = [:]
    /// By the Gateways that their own labels ask for.
    private var askingServices: [NamespacedName: Set<NamespacedName>] = [:]
    private var askingEntries: [NamespacedName: Set<NamespacedName>] = [:]
    private var askingWorkloadEntries: [NamespacedName: Set<NamespacedName>] = [:]
    private var askingPods: [NamespacedName: Set<NamespacedName>] = [:]
    private var askingNamespaces: [NamespacedName: Set<String>] = [:]
    private var gatewaysByClass: [String: Set<NamespacedName>] = [:]
    private var podsByGateway: [NamespacedName: Set<NamespacedName>] = [:]

    package init() {}

    package init(_ objects: some Sequence<KubernetesObject>) {
        for object in objects { insert(object) }
    }

    package mutating func apply(_ changes: some Sequence<Change>) {
        for change in changes {
            apply(change)
        }
    }

    mutating func apply(_ change: Change) {
        switch change {
        case .upsert(let object):
            remove(object.reference)
            insert(object)
        case .remove(let reference): remove(reference)
        }
    }

    /// What would make of this model one of exactly `objects`.
    package func changes(to objects: [ObjectReference: KubernetesObject]) -> [Change] {
        let removals = self.objects.keys.filter { objects[$0] == nil }.sorted().map(Change.remove)
        let upserts = objects.filter { self.objects[$0.key] != $0.value }.sorted { $0.key < $1.key }
        return removals + upserts.map { .upsert($0.value) }
    }
}

// MARK: - Questions

extension MeshModel {
    /// The Services of a workload's namespace that select it, in the order of their names.
    func services(selecting object: Kubernetes.ObjectMeta) -> [Kubernetes.Service] {
        named(serviceSelectors[object.namespace], matching: object, in: object.namespace, services)
    }

    /// The ServiceEntries that do.
    func entries(selecting object: Kubernetes.ObjectMeta) -> [Kubernetes.ServiceEntry] {
        named(entrySelectors[object.namespace], matching: object, in: object.namespace, serviceEntries)
    }

    /// The ServiceEntries with this host, the oldest first.
    func entries(ofHost host: String) -> [Kubernetes.ServiceEntry] {
        (entriesByHost[host] ?? []).compactMap { serviceEntries[$0] }.sorted { one, other in
            let times = (one.metadata.creationTimestamp, other.metadata.creationTimestamp)
            guard times.0 == times.1 else {
                guard let first = times.0, let second = times.1 else { return times.0 != nil }
                return first < second
            }
            return one.metadata.key.sortsBefore(other.metadata.key)
        }
    }

    /// The Service that a host name stands for.
    func service(ofHost host: String, _ settings: MeshSettings) -> Kubernetes.Service? {
        let suffix = ".svc.\(settings.clusterDomain)"
        guard host.hasSuffix(suffix) else { return nil }
        let parts = host.dropLast(suffix.count).split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let service = services[NamespacedName(namespace: String(parts[1]), name: String(parts[0]))]
        return service?.kind == .externalName ? nil : service
    }

    /// The EndpointSlices that name the pod.
    func slices(naming pod: Kubernetes.Pod) -> [Kubernetes.EndpointSlice] {
        (slicesByPod[pod.key] ?? []).compactMap { slices[$0] }.sorted { $0.metadata.name < $1.metadata.name }
    }

    /// The policies of a namespace that select a workload.
    func policies(
        selecting object: Kubernetes.ObjectMeta, in namespace: String
    ) -> [Kubernetes.AuthorizationPolicy] {
        named(policySelectors[namespace], matching: object, in: namespace, policies)
    }

    /// Those of the workload's own namespace that select it.
    func authentications(selecting object: Kubernetes.ObjectMeta) -> [Kubernetes.PeerAuthentication] {
        named(authenticationSelectors[object.namespace], matching: object, in: object.namespace, authentications)
    }

    /// The pods of a namespace with these labels.
    func pods(selectedBy selector: [String: String], in namespace: String) -> Set<NamespacedName> {
        podLabels.matches(selector, in: namespace) ?? pods(in: namespace)
    }

    func workloadEntries(selectedBy selector: [String: String], in namespace: String) -> Set<NamespacedName> {
        workloadEntryLabels.matches(selector, in: namespace) ?? workloadEntries(in: namespace)
    }

    /// The namespaces that have workloads.
    var populatedNamespaces: Set<String> { Set(podsByNamespace.keys).union(workloadEntriesByNamespace.keys) }

    func entries(in namespace: String) -> Set<NamespacedName> { entriesByNamespace[namespace] ?? [] }

    func workloadEntries(in namespace: String) -> Set<NamespacedName> { workloadEntriesByNamespace[namespace] ?? [] }

    func entries(askingFor gateway: NamespacedName) -> Set<NamespacedName> { askingEntries[gateway] ?? [] }

    func workloadEntries(askingFor gateway: NamespacedName) -> Set<NamespacedName> {
        askingWorkloadEntries[gateway] ?? []
    }

    /// Those of a namespace that are for all of it.
    func wideAuthentications(in namespace: String) -> [Kubernetes.PeerAuthentication] {
        (wideAuthentications[namespace] ?? []).sorted().compactMap {
            authentications[NamespacedName(namespace: namespace, name: $0)]
        }
    }

    func slices(ofService service: NamespacedName) -> Set<NamespacedName> { slicesByService[service] ?? [] }

    func pods(onNode node: String) -> Set<NamespacedName> { podsByNode[node] ?? [] }

    func pods(in namespace: String) -> Set<NamespacedName> { podsByNamespace[namespace] ?? [] }

    func services(in namespace: String) -> Set<NamespacedName> { servicesByNamespace[namespace] ?? [] }

    func authentications(in namespace: String) -> Set<NamespacedName> { authenticationsByNamespace[namespace] ?? [] }

    /// The Services, pods and namespaces whose own labels ask for a Gateway.
    func asking(
        for gateway: NamespacedName
    ) -> (services: Set<NamespacedName>, pods: Set<NamespacedName>, namespaces: Set<String>) {
        (askingServices[gateway] ?? [], askingPods[gateway] ?? [], askingNamespaces[gateway] ?? [])
    }

    /// Those that bear its name as a label.
    func pods(ofGateway gateway: NamespacedName) -> Set<NamespacedName> { podsByGateway[gateway] ?? [] }

    /// Who may refer into a namespace.
    func referenceGrants(in namespace: String) -> [Kubernetes.ReferenceGrant] {
        Array((referenceGrants[namespace] ?? [:]).values)
    }

    func gateways(ofClass name: String) -> Set<NamespacedName> { gatewaysByClass[name] ?? [] }

    private func named<Object>(
        _ index: SelectorIndex?, matching object: Kubernetes.ObjectMeta, in namespace: String,
        _ objects: [NamespacedName: Object]
    ) -> [Object] {
        (index?.matches(object.labels) ?? []).compactMap {
            objects[NamespacedName(namespace: namespace, name: $0)]
        }
    }
}

// MARK: - Changes

extension MeshModel {
    private mutating func insert(_ object: KubernetesObject) {
        objects[object.reference] = object
        let (namespace, name) = (object.metadata.namespace, object.metadata.name)
        let key = object.metadata.key
        switch object {
        case .namespace(let namespace):
            namespaces[name] = namespace
            for gateway in WaypointWish.gateways(labelling: namespace.metadata, home: name) {
                askingNamespaces[gateway, default: []].insert(name)
            }
        case .node(let node): nodes[name] = node
        case .pod(let pod):
            pods[key] = pod
            podsByNode[pod.spec.nodeName, default: []].insert(key)
            podsByNamespace[namespace, default: []].insert(key)
            podLabels.insert(key, pod.metadata.labels)
            if let gateway = pod.gatewayKey { podsByGateway[gateway, default: []].insert(key) }
            for gateway in WaypointWish.gateways(labelling: pod.metadata, home: namespace) {
                askingPods[gateway, default: []].insert(key)
            }
        case .service(let service):
            services[key] = service
            servicesByNamespace[namespace, default: []].insert(key)
            serviceSelectors[namespace, default: .init()].set(service.selector, for: name)
            for gateway in WaypointWish.gateways(labelling: service.metadata, home: namespace) {
                askingServices[gateway, default: []].insert(key)
            }
        case .serviceEntry(let entry): insert(entry, key)
        case .workloadEntry(let entry):
            workloadEntries[key] = entry
            workloadEntriesByNamespace[namespace, default: []].insert(key)
            workloadEntryLabels.insert(key, entry.labelledMetadata.labels)
            for gateway in WaypointWish.gateways(labelling: entry.labelledMetadata, home: namespace) {
                askingWorkloadEntries[gateway, default: []].insert(key)
            }
        case .endpointSlice(let slice):
            slices[key] = slice
            for pod in slice.podKeys { slicesByPod[pod, default: []].insert(key) }
            if let service = slice.serviceKey { slicesByService[service, default: []].insert(key) }
        case .authorizationPolicy(let policy):
            policies[key] = policy
            policySelectors[namespace, default: .init()].set(policy.selector, for: name)
        case .peerAuthentication(let authentication):
            authentications[key] = authentication
            authenticationsByNamespace[namespace, default: []].insert(key)
            authenticationSelectors[namespace, default: .init()].set(authentication.selector, for: name)
            if authentication.selector == nil { wideAuthentications[namespace, default: []].insert(name) }
        case .gateway(let gateway):
            gateways[key] = gateway
            gatewaysByClass[gateway.className, default: []].insert(key)
        case .gatewayClass(let gatewayClass): gatewayClasses[name] = gatewayClass
        case .meshConfig(let config): meshConfigs[key] = config
        case .referenceGrant(let grant): referenceGrants[namespace, default: [:]][name] = grant
        default: break
        }
    }

    private mutating func remove(_ reference: ObjectReference) {
        guard let object = objects.removeValue(forKey: reference) else { return }
        let (namespace, name) = (reference.namespace, reference.name)
        let key = object.metadata.key
        switch object {
        case .namespace(let namespace):
            namespaces[name] = nil
            for gateway in WaypointWish.gateways(labelling: namespace.metadata, home: name) {
                askingNamespaces.remove(name, under: gateway)
            }
        case .node: nodes[name] = nil
        case .pod(let pod):
            pods[key] = nil
            podsByNode.remove(key, under: pod.spec.nodeName)
            podsByNamespace.remove(key, under: namespace)
            podLabels.remove(key, pod.metadata.labels)
            if let gateway = pod.gatewayKey { podsByGateway.remove(key, under: gateway) }
            for gateway in WaypointWish.gateways(labelling: pod.metadata, home: namespace) {
                askingPods.remove(key, under: gateway)
            }
        case .service(let service):
            services[key] = nil
            servicesByNamespace.remove(key, under: namespace)
            for gateway in WaypointWish.gateways(labelling: service.metadata, home: namespace) {
                askingServices.remove(key, under: gateway)
            }
            serviceSelectors[namespace]?.set(nil, for: name)
        case .serviceEntry(let entry): remove(entry, key)
        case .workloadEntry(let entry):
            workloadEntries[key] = nil
            workloadEntriesByNamespace.remove(key, under: namespace)
            workloadEntryLabels.remove(key, entry.labelledMetadata.labels)
            for gateway in WaypointWish.gateways(labelling: entry.labelledMetadata, home: namespace) {
                askingWorkloadEntries.remove(key, under: gateway)
            }
        case .endpointSlice(let slice):
            slices[key] = nil
            for pod in slice.podKeys { slicesByPod.remove(key, under: pod) }
            if let service = slice.serviceKey { slicesByService.remove(key, under: service) }
        case .authorizationPolicy:
            policies[key] = nil
            policySelectors[namespace]?.set(nil, for: name)
        case .peerAuthentication:
            authentications[key] = nil
            authenticationsByNamespace.remove(key, under: namespace)
            authenticationSelectors[namespace]?.set(nil, for: name)
            wideAuthentications.remove(name, under: namespace)
        case .gateway(let gateway):
            gateways[key] = nil
            gatewaysByClass.remove(key, under: gateway.className)
        case .gatewayClass: gatewayClasses[name] = nil
        case .meshConfig: meshConfigs[key] = nil
        case .referenceGrant: referenceGrants[namespace]?[name] = nil
        default: break
        }
    }
}

extension MeshModel {
    private mutating func insert(_ entry: Kubernetes.ServiceEntry, _ key: NamespacedName) {
        serviceEntries[key] = entry
        entriesByNamespace[key.namespace, default: []].insert(key)
        entrySelectors[key.namespace, default: .init()].set(entry.selector, for: key.name)
        for host in entry.hosts { entriesByHost[host, default: []].insert(key) }
        for gateway in WaypointWish.gateways(labelling: entry.metadata, home: key.namespace) {
            askingEntries[gateway, default: []].insert(key)
        }
    }

    private mutating func remove(_ entry: Kubernetes.ServiceEntry, _ key: NamespacedName) {
        serviceEntries[key] = nil
        entriesByNamespace.remove(key, under: key.namespace)
        entrySelectors[key.namespace]?.set(nil, for: key.name)
        for host in entry.hosts { entriesByHost.remove(key, under: host) }
        for gateway in WaypointWish.gateways(labelling: entry.metadata, home: key.namespace) {
            askingEntries.remove(key, under: gateway)
        }
    }
}

extension Kubernetes.ObjectMeta {
    package var key: NamespacedName { NamespacedName(namespace: namespace, name: name) }
}

extension Kubernetes.Pod {
    package var key: NamespacedName { metadata.key }

    /// The Gateway that it stands behind.
    package var gatewayKey: NamespacedName? {
        metadata.labels[MeshLabel.gatewayName].map { NamespacedName(namespace: metadata.namespace, name: $0) }
    }
}

extension Kubernetes.Service {
    package var key: NamespacedName { metadata.key }
}

extension Kubernetes.EndpointSlice {
    var serviceKey: NamespacedName? {
        serviceName.map { NamespacedName(namespace: metadata.namespace, name: $0) }
    }

    var podKeys: [NamespacedName] {
        endpoints.compactMap { endpoint in
            endpoint.podName.map { NamespacedName(namespace: metadata.namespace, name: $0) }
        }
    }
}

extension Dictionary {
    /// Without empty sets left behind.
    fileprivate mutating func remove<Member>(_ member: Member, under key: Key) where Value == Set<Member> {
        self[key]?.remove(member)
        if self[key]?.isEmpty == true { self[key] = nil }
    }
}
