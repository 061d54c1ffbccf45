package import HBONE
package import Mesh
package import Reactor

/// The control thread's view of the node: its pods, its configuration, its certificates, and the workers that carry.
///
/// Owned by the control thread. Workers hear of changes by their mailboxes and answer by one of ours.
package final class NodeProxy {
    /// Configurations, pods and reports in flight to one worker: far more than a node has pods.
    package static let mailboxCapacity = 16_384

    private struct Pod {
        let identity: PodIdentity
        let namespace: NetworkNamespace
        /// Workers that have not answered yet.
        var awaited: Set<Int>
        var failure: String?
        var answer: ((String?) -> Void)?
    }

    private struct Drain {
        var awaited: Set<Int>
        let answer: () -> Void
    }

    private let reactor: Reactor
    private let settings: WorkerSettings
    private let log: Log
    private let reports: Mailbox<WorkerReport>
    private let mailboxCapacity: Int
    private var workers: [Outbox<WorkerMessage>] = []
    private var pods: [String: Pod] = [:]
    private var draining: [String: Drain] = [:]
    private var survey = Survey()
    private var surveyTimer: Reactor.TimerID?
    private var askers: [([WorkerState]) -> Void] = []
    /// Who was told of, so that a worker that goes on being silent is told once.
    private var silent: [Int] = []
    private var undrained: Set<Int> = []
    private var allDrained: (() -> Void)?
    package private(set) var snapshot: Snapshot?
    private var uptake = Uptake()
    /// Of credentials.
    private var provings = Uptake()
    package private(set) var certificates: Certificates!

    /// Starts the workers.
    package init(
        on reactor: Reactor, workers count: Int, _ settings: WorkerSettings, _ source: any CertificateSource,
        _ log: Log,
        mailboxCapacity: Int = mailboxCapacity
    ) throws(Errno) {
        self.reactor = reactor
        self.mailboxCapacity = mailboxCapacity
        self.settings = settings
        self.log = log
        reports = try Mailbox(capacity: mailboxCapacity)
        certificates = Certificates(source, lifetimeSeconds: settings.certificateLifetimeSeconds, on: reactor, log) {
            [unowned self] held in
            self.tellWorkers(.credentials(held, self.provings.begin(self.workers.count) {}))
        }
        try reactor.open(reports) { [unowned self] report in self.receive(report) }
        for index in 0..<count { workers.append(try start(index)) }
    }

    private func start(_ index: Int) throws(Errno) -> Outbox<WorkerMessage> {
        let mailbox = try Mailbox<WorkerMessage>(capacity: mailboxCapacity)
        let (settings, log, reports) = (settings, log, reports)
        _ = try KernelThread(named: "worker-\(index)") {
            do throws(Errno) {
                try Worker(index: index, settings, log, reports: reports).run(mailbox)
            } catch {
                log.error("proxy", "worker ended", ["worker": "\(index)", "error": "\(error)"])
            }
        }
        return Outbox(mailbox, on: reactor, supersedes: { new, old in new.supersedes(old) }) { [log] in
            log.error("proxy", "worker does not keep up with its messages", ["worker": "\(index)"])
        }
    }

    private func tellWorkers(_ message: WorkerMessage) {
        for worker in workers { worker.post(message) }
    }

    // MARK: Configuration

    /// From now on this is the mesh. Certificates go first: a pod that is known but cannot prove itself would refuse.
    /// - Parameter inForce: called once every worker carries by it, or by a later one, and has judged its open connections.
    package func configure(_ snapshot: Snapshot, inForce: @escaping () -> Void = {}) {
        self.snapshot = snapshot
        wantCertificates()
        let version = uptake.begin(workers.count, inForce)
        tellWorkers(.configure(snapshot, version))
    }

    /// Peers are held to these roots from now on, and certificates that lead elsewhere than to `signer` are renewed.
    /// - Parameter inForce: called once every worker goes by it.
    package func trust(_ roots: TrustAnchors, signer: Fingerprint, inForce: @escaping () -> Void) {
        certificates.trust(roots, signer: signer)
        provings.await(inForce)
    }

    private func wantCertificates() {
        certificates.want(
            Set(
                pods.values.map { pod in
                    let workload = snapshot?.workload(ofPod: pod.identity, clusterID: settings.clusterID)
                    return pod.identity.spiffe(workload, trustDomain: settings.trustDomain)
                }))
    }

    // MARK: Pods

    /// Serves a pod; `answer` comes when every worker listens in it, or with the reason why one does not.
    package func add(
        _ identity: PodIdentity, _ namespace: NetworkNamespace, answer: @escaping (String?) -> Void
    ) {
        if let present = pods[identity.uid], present.identity == identity, present.namespace == namespace,
            present.awaited.isEmpty, present.failure == nil
        {
            return answer(nil)
        }
        pods[identity.uid] = Pod(
            identity: identity, namespace: namespace, awaited: Set(workers.indices), failure: nil, answer: answer)
        wantCertificates()
        tellWorkers(.addPod(identity, namespace))
    }

    /// Takes nothing new for a pod; `answer` comes when its connections are over, or at the deadline.
    package func remove(uid: String, deadlineMilliseconds: UInt64, answer: @escaping () -> Void) {
        guard pods.removeValue(forKey: uid) != nil else { return answer() }
        draining[uid] = Drain(awaited: Set(workers.indices)) { [unowned self] in
            self.wantCertificates()
            answer()
        }
        tellWorkers(.drainPod(uid: uid, deadlineMilliseconds: deadlineMilliseconds))
    }

    package var podUIDs: Set<String> { Set(pods.keys) }

    package var servedPods: [PodIdentity] { pods.values.map(\.identity) }

    /// Pods that came to be served, and that were let go, since the start.
    package private(set) var startedCount: UInt64 = 0
    package private(set) var stoppedCount: UInt64 = 0

    // MARK: Asking and ending

    /// What the workers have to tell, once all have answered or the time for it is over.
    /// One question at a time: who asks meanwhile gets the same answer.
    package func survey(_ answer: @escaping ([WorkerState]) -> Void) {
        askers.append(answer)
        guard let id = survey.begin(workers.indices) else { return }
        tellWorkers(.report(id: id))
        surveyTimer = reactor.after(milliseconds: Survey.timeoutMilliseconds) { [weak self] in self?.surveyOverdue(id) }
    }

    private func surveyOverdue(_ id: UInt64) {
        guard let silent = survey.overdue(id) else { return }
        if silent != self.silent {
            log.warn("proxy", "workers do not answer", ["workers": silent.map(String.init).joined(separator: ",")])
        }
        self.silent = silent
        answerAskers()
    }

    private func answerAskers() {
        if let surveyTimer { reactor.cancel(surveyTimer) }
        surveyTimer = nil
        let (askers, states) = (askers, survey.states)
        self.askers = []
        for answer in askers { answer(states) }
    }

    /// Whether each connection gets its line in the access log from now on.
    package func logAccess(_ isLogged: Bool) { tellWorkers(.logAccess(isLogged)) }

    /// Whether this proxy is ending.
    package private(set) var isDraining = false

    /// Takes nothing new; `answer` comes when every connection is over, or at the deadline.
    package func drain(deadlineMilliseconds: UInt64, answer: @escaping () -> Void) {
        isDraining = true
        undrained = Set(workers.indices)
        allDrained = answer
        tellWorkers(.drain(deadlineMilliseconds: deadlineMilliseconds))
    }

    // MARK: Reports

    private func receive(_ report: WorkerReport) {
        switch report {
        case .configured(let worker, let version): for inForce in uptake.reached(worker, version) { inForce() }
        case .proving(let worker, let version): for inForce in provings.reached(worker, version) { inForce() }
        case .podAdded(let worker, let uid, let failure): podAdded(worker, uid, failure)
        case .podDrained(let worker, let uid): podDrained(worker, uid)
        case .drained(let worker): drained(worker)
        case .report(let worker, let id, let state): surveyed(worker, id, state)
        }
    }

    private func podAdded(_ worker: Int, _ uid: String, _ failure: String?) {
        guard pods[uid] != nil else { return }
        pods[uid]!.awaited.remove(worker)
        if let failure { pods[uid]!.failure = failure }
        guard pods[uid]!.awaited.isEmpty, let answer = pods[uid]!.answer else { return }
        pods[uid]!.answer = nil
        if pods[uid]!.failure == nil { startedCount += 1 }
        answer(pods[uid]!.failure)
    }

    private func podDrained(_ worker: Int, _ uid: String) {
        guard draining[uid] != nil else { return }
        draining[uid]!.awaited.remove(worker)
        guard draining[uid]!.awaited.isEmpty else { return }
        stoppedCount += 1
        draining.removeValue(forKey: uid)?.answer()
    }

    private func drained(_ worker: Int) {
        undrained.remove(worker)
        guard undrained.isEmpty, let allDrained else { return }
        self.allDrained = nil
        allDrained()
    }

    private func surveyed(_ worker: Int, _ id: UInt64, _ state: WorkerState) {
        guard survey.answered(worker, id, state) else { return }
        silent = []
        answerAskers()
    }
}

@available(*, unavailable)
extension NodeProxy: Sendable {}
