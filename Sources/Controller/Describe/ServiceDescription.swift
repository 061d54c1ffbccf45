import Mesh

/// A Service as the mesh sees it.
package struct ServiceDescription: Codable, Hashable, Sendable {
    package struct Port: Codable, Hashable, Sendable {
        package let port: Int
        package let name: String
        /// A number, or the name that pods give it.
        package let target: String
        /// As the mesh takes it; `unknown` when nothing says.
        package let appProtocol: String
    }

    package struct Endpoint: Codable, Hashable, Sendable {
        /// `namespace/name` of the pod; empty for an address that is none.
        package let pod: String
        package let addresses: [String]
        package let node: String
        package let healthy: Bool
        /// Whether it is reached by mutual TLS.
        package let inMesh: Bool
        package let ports: [String: Int]
    }

    package let namespace: String
    package let name: String
    package let type: String
    package let hostname: String
    package let headless: Bool
    package let addresses: [String]
    package let ports: [Port]
    package let endpoints: [Endpoint]
    package let waypoint: BindingDescription?
    /// Of its binding, when it has a label for one.
    package let enforcement: EnforcementDescription?
    /// Those that are attached to it or to its waypoint.
    package let policies: [PolicyDescription]

    init(_ service: Kubernetes.Service, in view: MeshView) {
        namespace = service.metadata.namespace
        name = service.metadata.name
        type = service.kind.rawValue
        let hostname = view.settings.hostname(ofService: service.key)
        let key = NamespacedName(namespace: service.metadata.namespace, name: hostname)
        self.hostname = hostname
        headless = service.isHeadless
        addresses = service.clusterIPs.map(\.description)
        let known = view.translation.services[key]
        ports = service.ports.filter { $0.transport == .tcp }.map { port in
            Port(
                port: Int(port.port), name: port.name, target: port.targetPort.text,
                appProtocol: known?.ports[port.port]?.appProtocol.rawValue ?? "unknown")
        }
        endpoints = view.translation.workloads.values.compactMap { Endpoint($0, of: key, in: view) }.sorted {
            ($0.pod, $0.addresses.first ?? "") < ($1.pod, $1.addresses.first ?? "")
        }
        waypoint = view.binding(of: service.metadata, for: .service)
        enforcement = view.enforcement(of: KubernetesObject.service(service).reference)
        policies = view.policies(attachedTo: service, waypoint: waypoint?.waypoint)
    }
}

extension ServiceDescription.Endpoint {
    fileprivate init?(_ workload: Workload, of service: NamespacedName, in view: MeshView) {
        guard let ports = workload.services[service] else { return nil }
        let key = NamespacedName(namespace: workload.namespace, name: workload.name)
        pod = view.settings.uid(ofPod: key) == workload.uid ? "\(key)" : ""
        addresses = workload.addresses.map(\.description)
        node = workload.node
        healthy = workload.status == .healthy
        inMesh = workload.tunnelProtocol == .hbone
        self.ports = Dictionary(uniqueKeysWithValues: ports.map { ("\($0.key)", Int($0.value)) })
    }
}

extension Kubernetes.PortReference {
    fileprivate var text: String {
        switch self {
        case .number(let number): "\(number)"
        case .name(let name): name
        }
    }
}

extension MeshView {
    /// Policies that name a Service, or the Gateway of its waypoint, as what they are for.
    fileprivate func policies(attachedTo service: Kubernetes.Service, waypoint: String?) -> [PolicyDescription] {
        let attached = model.policies.values.filter { policy in
            policy.targets.contains { target in
                switch target.kind {
                case "Service":
                    policy.metadata.namespace == service.metadata.namespace
                        && target.name == service.metadata.name
                case "Gateway": waypoint == "\(policy.metadata.namespace)/\(target.name)"
                default: false
                }
            }
        }
        return attached.sorted { $0.metadata.key.sortsBefore($1.metadata.key) }.map {
            PolicyDescription(.authorizationPolicy($0), in: self)
        }
    }
}
