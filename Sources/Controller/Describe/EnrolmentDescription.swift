/// Whether a pod is in the mesh, or why not.
package struct EnrolmentDescription: Codable, Hashable, Sendable {
    package enum State: String, Codable, Hashable, Sendable {
        case enrolled
        /// It is to be in the mesh, and is not yet.
        case pending
        /// It is still in the mesh, and is not to be any longer.
        case leaving
        case outside
    }

    package let state: State
    /// Who wants it so.
    package let reason: String
    /// What stands in the way, or harms it while it is in the mesh.
    package let obstacles: [String]

    init(of pod: Kubernetes.Pod, in view: MeshView) {
        let wish = Enrolment.wish(for: pod, in: view.model.namespaces[pod.metadata.namespace])
        let isCaptured = view.isCaptured(pod)
        guard !pod.hasEnded else {
            (state, reason, obstacles) = (.outside, "it has ended (\(pod.status.phase.rawValue))", [])
            return
        }
        reason = wish.text(pod.metadata.namespace)
        if case .not = wish {
            (state, obstacles) =
                isCaptured
                ? (.leaving, ["its node's agent has not given its connections back yet"]) : (.outside, [])
        } else {
            state = isCaptured ? .enrolled : .pending
            obstacles = isCaptured ? Self.harms(to: pod, in: view) : [Self.missing(of: pod)]
        }
    }

    private static func missing(of pod: Kubernetes.Pod) -> String {
        if pod.spec.nodeName.isEmpty { return "it has no node yet" }
        if pod.status.podIPs.isEmpty { return "it has no address yet" }
        return "the node agent of \(pod.spec.nodeName) has not redirected its connections yet "
            + "(annotation \(MeshAnnotation.redirection): enabled)"
    }

    private static func harms(to pod: Kubernetes.Pod, in view: MeshView) -> [String] {
        let node = pod.spec.nodeName
        let proxies = view.nodeProxies(of: node).map(view.describe)
        guard !proxies.isEmpty else { return ["no proxy of \(node) is known to the controller"] }
        let own = ResourceReference.workload(view.settings.uid(ofPod: pod.key)).description
        return proxies.compactMap { proxy in
            if let rejection = proxy.rejections[own] {
                return "proxy \(proxy.name) rejects it, and refuses its connections: \(rejection)"
            }
            return proxy.sync == .inSync ? nil : "proxy \(proxy.name) \(proxy.sync.sentence(proxy.reason))"
        }
    }
}

extension ProxyDescription.Sync {
    fileprivate func sentence(_ reason: String) -> String {
        switch self {
        case .disconnected, .draining: "is \(reason)"
        case .behind, .rejecting, .inSync: reason
        }
    }
}

extension Enrolment.Wish {
    fileprivate func text(_ namespace: String) -> String {
        let label = MeshLabel.dataplaneMode
        return switch self {
        case .byPod: "it has the label \(label)=ambient"
        case .byNamespace: "namespace \(namespace) has the label \(label)=ambient"
        case .not(.hostNetwork): "it is in its node's network (hostNetwork), which is never captured"
        case .not(.sidecar): "it has a sidecar (annotation \(MeshAnnotation.sidecarStatus))"
        case .not(.systemNamespace): "pods of \(namespace) are never captured"
        case .not(.podOptedOut): "it has the label \(label)=none"
        case .not(.namespaceUnknown): "there is no Namespace \(namespace), and it has no label \(label)=ambient itself"
        case .not(.namespaceOptedOut(let value)): "namespace \(namespace) has the label \(label)=\(value)"
        case .not(.unlabelled): "neither it nor namespace \(namespace) has the label \(label)=ambient"
        }
    }
}
