/// Whether callers must prove who they are, and who says so.
package struct AuthenticationDescription: Codable, Hashable, Sendable {
    /// `STRICT`, `PERMISSIVE` or `DISABLE`.
    package let mode: String
    /// `PeerAuthentication namespace/name`; empty for the mesh's default.
    package let origin: String
    /// Other modes, by the pod's own port.
    package let ports: [String: String]

    /// - Parameter pod: nil asks for pods of the namespace that nothing is said of in particular.
    init(of pod: Kubernetes.Pod?, in namespace: String, _ view: MeshView) {
        let translation = PeerTranslation(model: view.model, settings: view.settings)
        let deciding = translation.deciding(for: pod, in: namespace)
        mode = (deciding?.mode ?? .permissive).rawValue
        origin = deciding.map { "\($0.reference)" } ?? ""
        let exceptions = pod.flatMap { translation.own($0.metadata) }?.portModes.filter { $0.value != .unset } ?? [:]
        ports = Dictionary(uniqueKeysWithValues: exceptions.map { ("\($0.key)", $0.value.rawValue) })
    }
}

extension Kubernetes.PeerAuthentication {
    var reference: ObjectReference { KubernetesObject.peerAuthentication(self).reference }
}
