import Mesh

/// The object that a host name of a namespace stands for, of those that want it.
enum HostTelling {
    case service(Kubernetes.Service)
    case entry(Kubernetes.ServiceEntry)

    func isEntry(_ key: NamespacedName) -> Bool {
        guard case .entry(let entry) = self else { return false }
        return entry.metadata.key == key
    }

    var metadata: Kubernetes.ObjectMeta {
        switch self {
        case .service(let service): service.metadata
        case .entry(let entry): entry.metadata
        }
    }
}

extension MeshModel {
    /// Those of an entry's hosts that stand for it.
    func hosts(of entry: Kubernetes.ServiceEntry, _ settings: MeshSettings) -> [String] {
        let key = entry.metadata.key
        return entry.hosts.filter { telling($0, in: key.namespace, settings)?.isEntry(key) ?? false }
    }

    /// A Service comes before a ServiceEntry, and of these the oldest.
    func telling(_ host: String, in namespace: String, _ settings: MeshSettings) -> HostTelling? {
        if let service = service(ofHost: host, settings), service.metadata.namespace == namespace {
            return .service(service)
        }
        return entries(ofHost: host).first { $0.metadata.namespace == namespace }.map(HostTelling.entry)
    }
}
