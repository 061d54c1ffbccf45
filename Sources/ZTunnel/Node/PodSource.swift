package import Reactor

/// From whom the proxy hears which pods to serve. Owned by the control thread.
package protocol PodSource: AnyObject {
    func start()
    /// What readiness calls it, in Istio's words.
    var readinessTask: String { get }
    /// Whether all pods are known and each is served.
    var isReady: Bool { get }
    /// Why it is not ready, by pod; empty when that is not about a pod.
    var pendingReasons: [String] { get }
    var podCount: (served: Int, pending: Int) { get }
    /// What went wrong with whoever tells of pods.
    var failures: FailureMetrics { get }
}

/// Who serves the pods that a source names.
package protocol PodServant: AnyObject {
    /// Serves a pod, in place of an earlier one of its uid; `answer` comes with the reason why it cannot, or nil.
    func add(_ identity: PodIdentity, _ namespace: NetworkNamespace, answer: @escaping (String?) -> Void)
    /// Takes nothing new for a pod; `answer` comes when its connections are over, or at the deadline.
    func remove(uid: String, deadlineMilliseconds: UInt64, answer: @escaping () -> Void)
}

extension NodeProxy: PodServant {}
