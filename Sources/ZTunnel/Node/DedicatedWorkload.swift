package import Mesh
package import Reactor

/// The one workload of a dedicated proxy, served in the network namespace that the proxy was started in. What a node's proxy
/// hears from its agent, this one knows from its environment; from there on both go the same way. Owned by the control thread.
package final class DedicatedWorkload: PodSource {
    private enum State { case starting, served, failed(String) }

    private let identity: PodIdentity
    private let clusterID: String
    private let servant: any PodServant
    private let log: Log
    private let failed: (String) -> Void
    private var state = State.starting
    private var isKnown: Bool?

    /// - Parameter failed: called with the reason when the workload cannot be served: nobody else will try again.
    package init(
        _ identity: PodIdentity, clusterID: String, servant: any PodServant, _ log: Log,
        failed: @escaping (String) -> Void
    ) {
        self.identity = identity
        self.clusterID = clusterID
        self.servant = servant
        self.log = log
        self.failed = failed
    }

    package func start() {
        let own: NetworkNamespace
        do throws(Errno) {
            own = try NetworkNamespace(path: "/proc/thread-self/ns/net")
        } catch {
            return finish("cannot open this network namespace: \(error)")
        }
        servant.add(identity, own) { [weak self] failure in self?.finish(failure) }
    }

    private func finish(_ failure: String?) {
        state = failure.map { .failed($0) } ?? .served
        guard let failure else { return log.info("proxy", "serves its workload", ["workload": name]) }
        failed(failure)
    }

    /// A workload that the configuration does not have is refused everything: its operator is told once, and again after it was there.
    package func configured(_ snapshot: Snapshot) {
        let isKnown = snapshot.workload(ofPod: identity, clusterID: clusterID) != nil
        defer { self.isKnown = isKnown }
        guard !isKnown, self.isKnown != false else { return }
        log.warn(
            "proxy", "the configuration has no such workload",
            ["workload": name, "serviceAccount": identity.serviceAccount, "cluster": clusterID])
    }

    private var name: String { "\(identity.namespace)/\(identity.name)" }

    // MARK: Readiness

    package var readinessTask: String { "proxy" }

    package var isReady: Bool { if case .served = state { true } else { false } }

    package var pendingReasons: [String] {
        switch state {
        case .starting: ["\(name): starting"]
        case .served: []
        case .failed(let reason): ["\(name): \(reason)"]
        }
    }

    package var podCount: (served: Int, pending: Int) { isReady ? (1, 0) : (0, 1) }
    package let failures = FailureMetrics()
}

@available(*, unavailable)
extension DedicatedWorkload: Sendable {}
