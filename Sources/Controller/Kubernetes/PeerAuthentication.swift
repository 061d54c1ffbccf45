extension Kubernetes {
    /// `security.istio.io/v1 PeerAuthentication`: whether callers must prove who they are.
    package struct PeerAuthentication: Hashable, Sendable {
        package enum Mode: String, Hashable, Sendable, CaseIterable {
            case unset = "UNSET"
            case disable = "DISABLE"
            case permissive = "PERMISSIVE"
            case strict = "STRICT"
        }

        package var metadata: ObjectMeta
        /// Nil when it is for its whole namespace, or for the mesh.
        package var selector: [String: String]?
        package var mode = Mode.unset
        /// By the pod's own port.
        package var portModes: [UInt16: Mode] = [:]

        package init(metadata: ObjectMeta) { self.metadata = metadata }
    }
}
