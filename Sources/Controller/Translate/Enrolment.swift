/// Which pods a node's agent is to capture.
package enum Enrolment {
    /// A pod's own label beats its namespace's. Pods in their node's network, with a sidecar, or in `kube-system` never are.
    package static func isWanted(for pod: Kubernetes.Pod, in namespace: Kubernetes.Namespace?) -> Bool {
        guard !pod.spec.hostNetwork, pod.metadata.annotations[MeshAnnotation.sidecarStatus] == nil,
            pod.metadata.namespace != "kube-system"
        else { return false }
        switch pod.metadata.labels[MeshLabel.dataplaneMode] {
        case "ambient": return true
        case "none": return false
        default: return namespace?.metadata.labels[MeshLabel.dataplaneMode] == "ambient"
        }
    }

    /// Whether what others send the pod in the clear is left alone.
    package static func bypassesInboundCapture(_ pod: Kubernetes.Pod) -> Bool {
        pod.metadata.annotations[MeshAnnotation.bypassInboundCapture] == "true"
    }
}
