import Controller
import Mesh

/// Which pods stand behind a service, as the endpoint controller of a cluster tells it.
enum ServiceEndpoints {
    /// One slice for each way in which the service's ports resolve: pods may give one port name different numbers.
    static func slices(of service: Kubernetes.Service, pods: [Kubernetes.Pod]) -> [Kubernetes.EndpointSlice] {
        guard let selector = service.selector, service.kind != .externalName else { return [] }
        let members = pods.filter { pod in
            pod.metadata.namespace == service.metadata.namespace && !pod.status.podIPs.isEmpty
                && selector.allSatisfy { pod.metadata.labels[$0.key] == $0.value }
        }
        let groups = Dictionary(grouping: members) { ports(of: service, for: $0) }
        return groups.map { ports, pods in slice(of: service, ports: ports, pods: pods) }
            .sorted { $0.metadata.name < $1.metadata.name }
    }

    private static func slice(
        of service: Kubernetes.Service, ports: [Kubernetes.EndpointSlice.Port], pods: [Kubernetes.Pod]
    ) -> Kubernetes.EndpointSlice {
        let key = ports.map { "\($0.name):\($0.port ?? 0)/\($0.transport.rawValue)" }.joined(separator: ",")
        var metadata = Kubernetes.ObjectMeta(
            name: "\(service.metadata.name)-\(StableHash(key).text(5))", namespace: service.metadata.namespace)
        metadata.labels[Kubernetes.EndpointSlice.serviceNameLabel] = service.metadata.name
        var slice = Kubernetes.EndpointSlice(metadata: metadata, addressType: .v4)
        slice.ports = ports
        slice.endpoints = pods.sorted { $0.metadata.name < $1.metadata.name }.map { endpoint($0, of: service) }
        return slice
    }

    private static func endpoint(
        _ pod: Kubernetes.Pod, of service: Kubernetes.Service
    ) -> Kubernetes.EndpointSlice.Endpoint {
        var endpoint = Kubernetes.EndpointSlice.Endpoint(addresses: pod.status.podIPs.map(\.description))
        let isTerminating = pod.metadata.deletionTimestamp != nil
        endpoint.isReady = service.publishesNotReadyAddresses || pod.status.isReady && !isTerminating
        endpoint.isServing = pod.status.isReady
        endpoint.isTerminating = isTerminating
        endpoint.nodeName = pod.spec.nodeName
        endpoint.podName = pod.metadata.name
        return endpoint
    }

    private static func ports(
        of service: Kubernetes.Service, for pod: Kubernetes.Pod
    ) -> [Kubernetes.EndpointSlice.Port] {
        service.ports.compactMap { servicePort in
            guard let number = number(of: servicePort.targetPort, in: pod) else { return nil }
            var port = Kubernetes.EndpointSlice.Port(port: number)
            port.name = servicePort.name
            port.transport = servicePort.transport
            port.appProtocol = servicePort.appProtocol
            return port
        }
    }

    /// A named port is the number that a container of the pod gives that name.
    static func number(of reference: Kubernetes.PortReference, in pod: Kubernetes.Pod) -> UInt16? {
        switch reference {
        case .number(let number): number
        case .name(let name): pod.spec.containers.lazy.flatMap(\.ports).first { $0.name == name }?.containerPort
        }
    }

    // MARK: For clients outside the mesh

    /// The rules that bring such clients from services to endpoints that are ready.
    static func translation(
        services: [Kubernetes.Service], slices: [Kubernetes.EndpointSlice]
    ) -> ServiceTranslation {
        let byService = Dictionary(grouping: slices) { slice in
            NamespacedName(namespace: slice.metadata.namespace, name: slice.serviceName ?? "")
        }
        return ServiceTranslation(ports: services.flatMap { ports(of: $0, slices: byService[$0.key] ?? []) })
    }

    private static func ports(
        of service: Kubernetes.Service, slices: [Kubernetes.EndpointSlice]
    ) -> [ServiceTranslation.Port] {
        var ports: [ServiceTranslation.Port] = []
        for address in service.clusterIPs where address.family == .v4 {
            for port in service.ports {
                guard let transport = transport(port.transport) else { continue }
                ports.append(
                    ServiceTranslation.Port(
                        address: address, transport: transport, port: port.port, endpoints: endpoints(port, slices)))
            }
        }
        return ports
    }

    private static func transport(_ transport: Kubernetes.TransportProtocol) -> ServiceTranslation.Transport? {
        switch transport {
        case .tcp: .tcp
        case .udp: .udp
        case .sctp: nil
        }
    }

    private static func endpoints(
        _ port: Kubernetes.Service.Port, _ slices: [Kubernetes.EndpointSlice]
    ) -> [SocketAddress] {
        slices.flatMap { slice in
            guard let number = slice.ports.first(where: { $0.name == port.name })?.port else {
                return [SocketAddress]()
            }
            let ready = slice.endpoints.filter { $0.isReady ?? true }
            return ready.flatMap(\.addresses).compactMap { IPAddress($0).map { SocketAddress($0, number) } }
        }
    }
}

extension Kubernetes.Service {
    var key: NamespacedName { metadata.key }
}
