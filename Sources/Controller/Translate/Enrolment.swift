/// Which pods a node's agent is to capture.
package enum Enrolment {
    /// Whether a pod is to be captured, and who says so.
    package enum Wish: Hashable, Sendable {
        /// Its own label does.
        case byPod
        /// Its namespace's label does.
        case byNamespace
        case not(Reason)
    }

    package enum Reason: Hashable, Sendable {
        /// It is in its node's own network.
        case hostNetwork
        case sidecar
        /// `kube-system` is never captured.
        case systemNamespace
        /// Its own label is `none`.
        case podOptedOut
        /// There is no such Namespace.
        case namespaceUnknown
        /// The namespace's label has another value than `ambient`.
        case namespaceOptedOut(value: String)
        /// Neither it nor its namespace has the label.
        case unlabelled
    }

    /// A pod's own label beats its namespace's. Pods in their node's network, with a sidecar, or in `kube-system` never are.
    package static func wish(for pod: Kubernetes.Pod, in namespace: Kubernetes.Namespace?) -> Wish {
        if pod.spec.hostNetwork { return .not(.hostNetwork) }
        if pod.metadata.annotations[MeshAnnotation.sidecarStatus] != nil { return .not(.sidecar) }
        if pod.metadata.namespace == "kube-system" { return .not(.systemNamespace) }
        switch pod.metadata.labels[MeshLabel.dataplaneMode] {
        case "ambient": return .byPod
        case "none": return .not(.podOptedOut)
        default: break
        }
        guard let namespace else { return .not(.namespaceUnknown) }
        switch namespace.metadata.labels[MeshLabel.dataplaneMode] {
        case "ambient": return .byNamespace
        case let value?: return .not(.namespaceOptedOut(value: value))
        case nil: return .not(.unlabelled)
        }
    }

    package static func isWanted(for pod: Kubernetes.Pod, in namespace: Kubernetes.Namespace?) -> Bool {
        if case .not = wish(for: pod, in: namespace) { return false }
        return true
    }

    /// Whether what others send the pod in the clear is left alone.
    package static func bypassesInboundCapture(_ pod: Kubernetes.Pod) -> Bool {
        pod.metadata.annotations[MeshAnnotation.bypassInboundCapture] == "true"
    }
}
