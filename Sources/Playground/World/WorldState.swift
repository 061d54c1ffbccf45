import Controller
import Mesh

/// Everything the world knows, as objects of Kubernetes: what the user wrote, completed by what the playground did.
struct WorldState {
    var objects: [ObjectReference: KubernetesObject]
    /// What the playground adds or completes.
    var own: [KubernetesObject]
    var services: [Kubernetes.Service]
    var slices: [Kubernetes.EndpointSlice]

    /// - Parameter made: which of the objects the controller has made; those of others it reads itself.
    init(
        user: [KubernetesObject], made: Set<ObjectReference> = [], nodes: [Kubernetes.Node], pods: [Kubernetes.Pod],
        addresses: inout ServiceAddresses
    ) {
        services = Self.completed(user.compactMap(\.service), &addresses)
        slices = services.flatMap { ServiceEndpoints.slices(of: $0, pods: pods) }
        let written = Set(user.map(\.reference))
        own = Self.given.filter { !written.contains($0.reference) }
        own += user.filter { $0.kind == .serviceAccount && made.contains($0.reference) }
        own += nodes.map { .node($0) } + pods.map { .pod($0) }
        own += services.map { .service($0) } + slices.map { .endpointSlice($0) }
        objects = [:]
        // A pod that the user asked for is there once it has been made.
        for object in user where object.kind != .pod { objects[object.reference] = object }
        for object in own { objects[object.reference] = object }
    }

    /// What the mesh itself lives in.
    private static let given: [KubernetesObject] = [
        .namespace(.init(metadata: .init(name: World.mesh.rootNamespace))), .serviceAccount(NodeProxyPod.account),
    ]

    private static func completed(
        _ services: [Kubernetes.Service], _ addresses: inout ServiceAddresses
    ) -> [Kubernetes.Service] {
        let virtual = services.filter { !$0.isHeadless && $0.kind != .externalName }
        let assigned = addresses.assign(virtual.map { ($0.key, $0.clusterIPs.first) })
        return services.map { service in
            var service = service
            if service.clusterIPs.isEmpty, let address = assigned[service.key] { service.clusterIPs = [address] }
            return service
        }
    }

    /// The names that pods can look up.
    func zone(domain: String) -> DNSZone {
        var zone = DNSZone(domain: domain)
        for service in services {
            let addresses = service.isHeadless ? endpoints(of: service) : service.clusterIPs
            zone.add(service: service.metadata.name, namespace: service.metadata.namespace, addresses: addresses)
        }
        return zone
    }

    private func endpoints(of service: Kubernetes.Service) -> [IPAddress] {
        slices(of: service).flatMap(\.endpoints).filter { $0.isReady ?? true }
            .flatMap(\.addresses).compactMap { IPAddress($0) }
    }

    func slices(of service: Kubernetes.Service) -> [Kubernetes.EndpointSlice] {
        slices.filter { $0.metadata.namespace == service.metadata.namespace && $0.serviceName == service.metadata.name }
    }
}

extension KubernetesObject {
    fileprivate var service: Kubernetes.Service? {
        if case .service(let service) = self { return service }
        return nil
    }
}
