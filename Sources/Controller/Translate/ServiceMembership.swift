import Mesh

/// Which services a pod is an endpoint of, and on which of its ports.
struct ServiceMembership {
    let model: MeshModel
    let settings: MeshSettings

    func services(of pod: Kubernetes.Pod) -> [NamespacedName: [UInt16: UInt16]] {
        var services: [NamespacedName: [UInt16: UInt16]] = [:]
        for service in model.services(selecting: pod.metadata) where service.kind != .externalName {
            services[key(of: service)] = ports(of: service, named: pod.spec.port(named:))
        }
        add(model.entries(selecting: pod.metadata), to: &services)
        for slice in model.slices(naming: pod) {
            guard let service = service(of: slice), service.selector == nil else { continue }
            services[key(of: service), default: [:]].merge(Self.ports(of: service, in: slice)) { first, _ in first }
        }
        return services
    }

    /// Its own numbers stand in place of a service's, by the names of the service's ports.
    func services(of entry: Kubernetes.WorkloadEntry) -> [NamespacedName: [UInt16: UInt16]] {
        let numbers = entry.endpoint.ports
        var services: [NamespacedName: [UInt16: UInt16]] = [:]
        for service in model.services(selecting: entry.labelledMetadata) where service.kind != .externalName {
            var ports = ports(of: service) { numbers[$0] }
            for port in service.ports where port.transport == .tcp {
                if let own = numbers[port.name] { ports[port.port] = own }
            }
            services[key(of: service)] = ports
        }
        add(model.entries(selecting: entry.labelledMetadata), numbers, to: &services)
        return services
    }

    /// A Service of the same host comes first, then the oldest entry.
    private func add(
        _ entries: [Kubernetes.ServiceEntry], _ numbers: [String: UInt16] = [:],
        to services: inout [NamespacedName: [UInt16: UInt16]]
    ) {
        for entry in entries {
            for host in model.hosts(of: entry, settings) {
                services[NamespacedName(namespace: entry.metadata.namespace, name: host)] = entry.ports(at: numbers)
            }
        }
    }

    /// Of an EndpointSlice, by its label.
    func service(of slice: Kubernetes.EndpointSlice) -> Kubernetes.Service? {
        guard let name = slice.serviceName else { return nil }
        let service = model.services[NamespacedName(namespace: slice.metadata.namespace, name: name)]
        return service?.kind == .externalName ? nil : service
    }

    func key(of service: Kubernetes.Service) -> NamespacedName {
        settings.resourceKey(ofService: service.key)
    }

    /// A port that is named, and that no container calls so, is left out.
    private func ports(
        of service: Kubernetes.Service, named number: (String) -> UInt16?
    ) -> [UInt16: UInt16] {
        var ports: [UInt16: UInt16] = [:]
        for port in service.ports where port.transport == .tcp {
            switch port.targetPort {
            case .number(let number): ports[port.port] = number
            case .name(let name): ports[port.port] = number(name)
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
