import Mesh

/// A pod as the mesh sees it.
package struct PodDescription: Codable, Hashable, Sendable {
    package struct Membership: Codable, Hashable, Sendable {
        /// `namespace/name`.
        package let service: String
        /// The pod's own ports by those of the service.
        package let ports: [String: Int]
    }

    package let namespace: String
    package let name: String
    package let phase: String
    package let ready: Bool
    package let node: String
    package let addresses: [String]
    package let identity: String
    package let enrolment: EnrolmentDescription
    /// Those of its node.
    package let proxies: [ProxyDescription]
    package let authentication: AuthenticationDescription
    package let services: [Membership]
    package let waypoint: BindingDescription?
    /// In the order in which they are asked.
    package let policies: [EffectivePolicyDescription]

    init(_ pod: Kubernetes.Pod, in view: MeshView) {
        namespace = pod.metadata.namespace
        name = pod.metadata.name
        phase = pod.status.phase.rawValue
        ready = pod.status.isReady
        node = pod.spec.nodeName
        addresses = pod.status.podIPs.map(\.description)
        identity =
            SPIFFEIdentity(
                trustDomain: view.settings.trustDomain, namespace: pod.metadata.namespace,
                serviceAccount: pod.spec.serviceAccountName
            ).description
        enrolment = EnrolmentDescription(of: pod, in: view)
        proxies = pod.spec.nodeName.isEmpty ? [] : view.nodeProxies(of: pod.spec.nodeName).map(view.describe)
        authentication = AuthenticationDescription(of: pod, in: pod.metadata.namespace, view)
        services = Self.memberships(view.workload(of: pod), in: view)
        waypoint = view.binding(of: pod.metadata, for: .workload)
        policies = view.effectivePolicies(of: pod)
    }

    private static func memberships(_ workload: Workload?, in view: MeshView) -> [Membership] {
        let services = workload?.services.sorted { $0.key.sortsBefore($1.key) } ?? []
        return services.map { key, ports in
            let name = view.translation.services[key]?.name ?? key.name
            return Membership(
                service: "\(key.namespace)/\(name)",
                ports: Dictionary(uniqueKeysWithValues: ports.map { ("\($0.key)", Int($0.value)) }))
        }
    }
}
