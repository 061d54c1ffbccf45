import Mesh

/// WorkloadEntry, and the endpoints that a ServiceEntry lists itself → Workload.
struct WorkloadEntryTranslation {
    let model: MeshModel
    let settings: MeshSettings

    /// Nil for one that nobody could dial.
    func workload(for entry: Kubernetes.WorkloadEntry) -> Workload? {
        let key = entry.metadata.key
        let uid = settings.uid(ofWorkloadEntry: key)
        guard var workload = workload(at: entry.endpoint, uid: uid, key) else { return nil }
        let labelled = entry.labelledMetadata
        let isCaptured = entry.metadata.annotations[MeshAnnotation.redirection] == "enabled"
        workload.nativeTunnel = labelled.labels[MeshLabel.tunnel] == "http"
        workload.tunnelProtocol = isCaptured || workload.nativeTunnel ? .hbone : .tcp
        describeNames(labelled, in: &workload)
        workload.services = ServiceMembership(model: model, settings: settings).services(of: entry)
        workload.authorizationPolicies = model.policies(for: labelled, settings)
        let waypoints = WaypointResolution(model: model, settings: settings)
        workload.waypoint = waypoints.binding(of: labelled, for: .workload)?.address
        return workload
    }

    /// Those of a ServiceEntry; of one that has neither endpoints nor a selector, the hosts themselves where names lead to them.
    func workloads(for entry: Kubernetes.ServiceEntry) -> [Workload] {
        let key = entry.metadata.key
        let hosts = model.hosts(of: entry, settings)
        let prefix = "\(settings.clusterID)/networking.istio.io/ServiceEntry/\(key)"
        guard entry.endpoints.isEmpty else {
            var seen = Set<String>()
            return entry.endpoints.compactMap { endpoint in
                guard let place = endpoint.place, seen.insert(place).inserted else { return nil }
                var workload = workload(at: endpoint, uid: "\(prefix)/\(place)", key)
                workload?.services = membership(of: endpoint, in: entry, hosts: hosts)
                return workload
            }
        }
        guard entry.selector == nil, entry.resolution != .none, entry.resolution != .fixed else { return [] }
        return hosts.filter { !$0.hasPrefix("*") }.compactMap { host in
            var endpoint = Kubernetes.WorkloadEndpoint()
            endpoint.address = .hostname(host)
            var workload = workload(at: endpoint, uid: "\(prefix)/\(host)", key)
            workload?.services = membership(of: endpoint, in: entry, hosts: [host])
            return workload
        }
    }

    private func workload(
        at endpoint: Kubernetes.WorkloadEndpoint, uid: String, _ key: NamespacedName
    ) -> Workload? {
        var workload = Workload(uid: uid, name: key.name, namespace: key.namespace)
        switch endpoint.address {
        case .ip(let ip): workload.addresses = [ip]
        case .hostname(let host): workload.hostname = host
        case .none, .socket: return nil
        }
        workload.serviceAccount = endpoint.serviceAccount.isEmpty ? "default" : endpoint.serviceAccount
        workload.trustDomain = settings.trustDomain
        workload.clusterID = settings.clusterID
        workload.network = endpoint.network.isEmpty ? settings.network : endpoint.network
        workload.capacity = max(endpoint.weight, 1)
        let places = endpoint.locality.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        workload.locality = Locality(
            region: places.first ?? "", zone: places.dropFirst().first ?? "", subzone: places.dropFirst(2).first ?? "")
        return workload
    }

    private func describeNames(_ object: Kubernetes.ObjectMeta, in workload: inout Workload) {
        workload.workloadName = object.labels[MeshLabel.workloadName] ?? object.name
        workload.canonicalName = MeshLabel.canonicalNames.said(by: object) ?? workload.workloadName
        workload.canonicalRevision = MeshLabel.canonicalRevisions.said(by: object) ?? "latest"
    }

    private func membership(
        of endpoint: Kubernetes.WorkloadEndpoint, in entry: Kubernetes.ServiceEntry, hosts: [String]
    ) -> [NamespacedName: [UInt16: UInt16]] {
        let ports = entry.ports(at: endpoint.ports)
        return Dictionary(
            hosts.map { (NamespacedName(namespace: entry.metadata.namespace, name: $0), ports) }
        ) { first, _ in first }
    }
}

extension Kubernetes.WorkloadEndpoint {
    /// What tells it from others of its ServiceEntry; nil for one that nobody could dial.
    fileprivate var place: String? {
        switch address {
        case .ip(let ip): ip.description
        case .hostname(let host): host
        case .none, .socket: nil
        }
    }
}

extension Kubernetes.WorkloadEntry {
    /// With the labels of its endpoint, which it is selected by.
    var labelledMetadata: Kubernetes.ObjectMeta {
        var labelled = metadata
        labelled.labels.merge(endpoint.labels) { $1 }
        return labelled
    }
}

extension Kubernetes.ServiceEntry {
    /// By its own ports, those of an endpoint whose own numbers, by the names of ports, are `numbers`.
    func ports(at numbers: [String: UInt16] = [:]) -> [UInt16: UInt16] {
        Dictionary(ports.filter(\.isTCP).map { ($0.number, numbers[$0.name] ?? $0.target) }) { first, _ in first }
    }
}

extension MeshSettings {
    func uid(ofWorkloadEntry key: NamespacedName) -> String {
        "\(clusterID)/networking.istio.io/WorkloadEntry/\(key)"
    }
}

extension [String] {
    /// What the first of these labels says that an object has.
    func said(by object: Kubernetes.ObjectMeta) -> String? {
        compactMap { object.labels[$0] }.first { !$0.isEmpty }
    }
}
