import Mesh

/// Service → Service.
struct ServiceTranslation {
    let model: MeshModel
    let settings: MeshSettings

    /// Nil for a name that stands for a name outside.
    func service(for object: Kubernetes.Service) -> Service? {
        guard object.kind != .externalName else { return nil }
        var service = Service(
            name: object.metadata.name, namespace: object.metadata.namespace,
            hostname: settings.hostname(ofService: object.metadata.key))
        service.addresses = object.clusterIPs.map { NetworkAddress(network: settings.network, ip: $0) }
        for port in object.ports where port.transport == .tcp {
            service.ports[port.port] = Service.Port(target: port.target, appProtocol: port.meshProtocol)
        }
        service.ipFamilies = object.meshFamilies
        service.loadBalancing = loadBalancing(of: object)
        service.isCanonical = true
        let waypoints = WaypointResolution(model: model, settings: settings)
        if let binding = waypoints.binding(of: object.metadata, for: .service) {
            service.waypoint = binding.address
            service.weightedWaypoints = binding.shares
        }
        return service
    }

    private func loadBalancing(of object: Kubernetes.Service) -> LoadBalancing {
        var balancing = LoadBalancing()
        if object.publishesNotReadyAddresses { balancing.healthPolicy = .allowAll }
        if object.isNodeLocal {
            balancing.mode = .strict
            balancing.routingPreference = [.node]
            return balancing
        }
        switch distribution(of: object) {
        case .preferClose, .preferSameZone: balancing.routingPreference = [.network, .region, .zone]
        case .preferSameNode: balancing.routingPreference = [.network, .region, .zone, .subzone, .node]
        case nil: return balancing
        }
        balancing.mode = .failover
        return balancing
    }

    /// The field beats the annotation, and the service's the namespace's.
    private func distribution(of object: Kubernetes.Service) -> Kubernetes.Service.TrafficDistribution? {
        let namespace = model.namespaces[object.metadata.namespace]
        return object.trafficDistribution ?? Self.distribution(object.metadata)
            ?? namespace.flatMap { Self.distribution($0.metadata) }
    }

    private static func distribution(
        _ metadata: Kubernetes.ObjectMeta
    ) -> Kubernetes.Service.TrafficDistribution? {
        let wanted = metadata.annotations[MeshAnnotation.trafficDistribution]?.lowercased()
        return Kubernetes.Service.TrafficDistribution.allCases.first { $0.rawValue.lowercased() == wanted }
    }
}

extension Kubernetes.Service {
    fileprivate var meshFamilies: Service.IPFamilies {
        switch (ipFamilies.contains(.v4), ipFamilies.contains(.v6)) {
        case (true, true): .dual
        case (true, false): .ipv4Only
        case (false, true): .ipv6Only
        case (false, false): .automatic
        }
    }
}

extension Kubernetes.Service.Port {
    /// 0 for a name, which each workload resolves for itself.
    fileprivate var target: UInt16 {
        guard case .number(let number) = targetPort else { return 0 }
        return number
    }

    /// From `appProtocol`, else from what the name begins with: `http`, `grpc-api`.
    fileprivate var meshProtocol: Service.AppProtocol {
        let word = appProtocol.isEmpty ? name.prefix { $0 != "-" } : appProtocol[...]
        // `grpc-web` is one word although it has a dash.
        let isWeb = appProtocol.isEmpty && name.lowercased().hasPrefix("grpc-web")
        switch isWeb ? "grpc-web" : word.lowercased() {
        case "http", "kubernetes.io/ws": return .http11
        case "http2", "kubernetes.io/h2c": return .http2
        case "grpc", "grpc-web": return .grpc
        case "https", "tls", "kubernetes.io/wss": return .tls
        case "tcp": return .tcp
        default: return .unknown
        }
    }
}
