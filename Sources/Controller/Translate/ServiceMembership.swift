import Mesh

/// Which services a pod is an endpoint of, and on which of its ports.
struct ServiceMembership {
    let model: MeshModel
    let settings: MeshSettings

    func services(of pod: Kubernetes.Pod) -> [NamespacedName: [UInt16: UInt16]] {
        var services: [NamespacedName: [UInt16: UInt16]] = [:]
        for service in model.services(selecting: pod) where service.kind != .externalName {
            services[key(of: service)] = ports(of: service, on: pod)
        }
        for slice in model.slices(naming: pod) {
            guard let service = service(of: slice), service.selector == nil else { continue }
            services[key(of: service), default: [:]].merge(Self.ports(of: service, in: slice)) { first, _ in first }
        }
        return services
    }

    /// Of an EndpointSlice, by its label.
    func service(of slice: Kubernetes.EndpointSlice) -> Kubernetes.Service? {
        guard let name = slice.serviceName else { return nil }
        let service = model.services[NamespacedName(namespace: slice.metadata.namespace, name: name)]
        return service?.kind == .externalName ? nil : service
    }

    func key(of service: Kubernetes.Service) -> NamespacedName {
        NamespacedName(
            namespace: service.metadata.namespace, name: settings.hostname(ofService: service.metadata.key))
    }

    /// A port that is named, and that no container calls so, is left out.
    private func ports(of service: Kubernetes.Service, on pod: Kubernetes.Pod) -> [UInt16: UInt16] {
        var ports: [UInt16: UInt16] = [:]
        for port in service.ports where port.transport == .tcp {
            switch port.targetPort {
            case .number(let number): ports[port.port] = number
            case .name(let name): ports[port.port] = pod.spec.port(named: name)
            }
        }
        return ports
    }

    /// The slice's ports are those of the service with the same name; it may have numbers of its own.
    static func ports(of service: Kubernetes.Service, in slice: Kubernetes.EndpointSlice) -> [UInt16: UInt16] {
        var ports: [UInt16: UInt16] = [:]
        for port in service.ports where port.transport == .tcp {
            guard let own = slice.ports.first(where: { $0.name == port.name && $0.transport == .tcp }) else { continue }
            ports[port.port] = own.port ?? port.port
        }
        return ports
    }
}

extension Kubernetes.PodSpec {
    /// TCP ports of containers that stay, the first with the name.
    fileprivate func port(named name: String) -> UInt16? {
        let staying = containers + initContainers.filter(\.restartsAlways)
        return staying.lazy.flatMap(\.ports).first { $0.name == name && $0.transport == .tcp }?.containerPort
    }
}
