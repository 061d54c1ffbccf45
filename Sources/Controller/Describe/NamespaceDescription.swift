import Mesh

/// A namespace as the mesh sees it.
package struct NamespaceDescription: Codable, Hashable, Sendable {
    package struct Pod: Codable, Hashable, Sendable {
        package let name: String
        package let enrolment: EnrolmentDescription
    }

    package let name: String
    /// The value of `istio.io/dataplane-mode`; empty when it has no such label.
    package let dataplaneMode: String
    package let pods: [Pod]
    package let services: [String]
    package let authentication: AuthenticationDescription
    /// What its Services are bound to, unless they say otherwise themselves.
    package let waypoint: BindingDescription?
    /// Of that binding.
    package let enforcement: EnforcementDescription?
    /// Those of this namespace.
    package let policies: [PolicyDescription]

    init(_ namespace: Kubernetes.Namespace, in view: MeshView) {
        let name = namespace.metadata.name
        self.name = name
        dataplaneMode = namespace.metadata.labels[MeshLabel.dataplaneMode] ?? ""
        let model = view.model
        pods = model.pods(in: name).sorted { $0.sortsBefore($1) }.compactMap { model.pods[$0] }.map {
            Pod(name: $0.metadata.name, enrolment: EnrolmentDescription(of: $0, in: view))
        }
        services = model.services(in: name).map(\.name).sorted()
        authentication = AuthenticationDescription(of: nil, in: name, view)
        var home = namespace.metadata
        home.namespace = name
        waypoint = view.binding(of: home, for: .service)
        enforcement = view.enforcement(of: KubernetesObject.namespace(namespace).reference)
        policies = view.policies { $0.namespace == name }
    }

    package var enrolledCount: Int { pods.count { $0.enrolment.state == .enrolled } }
}
