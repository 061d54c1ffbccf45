package import HBONE
package import Mesh
package import Reactor

/// How the workers of this process behave.
package struct WorkerSettings: Sendable {
    /// On each of our own sockets in a pod, so that the capture rules let them through.
    package var mark: UInt32? = 0x539
    package var network = ""
    package var clusterID = "Kubernetes"
    /// Of pods whose workload the configuration does not know.
    package var trustDomain = "cluster.local"
    package var isIPv6Enabled = true
    package var keepAlive: Socket.KeepAlive? = Socket.KeepAlive()
    package var http2 = HTTP2Settings()
    package var pool = TunnelPool.Limits()
    package var podLimits: PodLimits
    package var descriptorReserve: DescriptorReserve
    /// Whether applications see the client's own address, or ours.
    package var sourceAddress = Configuration.SourceAddress.client
    /// Whether the answer to a CONNECT tells who is behind it (`ENABLE_RESPONSE_BAGGAGE`).
    package var isResponseBaggageSent = true
    package var isAccessLogged = true
    /// Whether connections of the pods' applications are captured; a waypoint has none.
    package var isCapturing = true
    /// What becomes of the streams that come through tunnels: by default they go to the pod's application.
    package var serve: @Sendable (PodProxy, InboundArrival) -> Void = { pod, arrival in
        InboundConnection(pod, arrival).begin(arrival.request)
    }
    /// `SECRET_TTL`.
    package var certificateLifetimeSeconds: Int64 = 24 * 3600
    package var connectTimeoutMilliseconds: UInt64 = 10_000
    /// How long a peer may take to answer a CONNECT: its own attempt to reach the application, and the way there and back.
    package var answerTimeoutMilliseconds: UInt64 = 20_000
    /// How long a connection waits for its pod's workload and certificate to arrive.
    package var arrivalTimeoutMilliseconds: UInt64 = 5_000

    /// - Parameter workers: how many share this process's descriptors.
    package init(workers: Int) {
        let descriptors = ProcessSurroundings.openFilesLimit
        podLimits = PodLimits(descriptors: descriptors, workers: workers)
        descriptorReserve = DescriptorReserve(limit: descriptors)
    }
}

/// One reactor with its share of every pod's connections. Thread-confined: made, run and ended on one thread.
package final class Worker {
    private struct ContextKey: Hashable {
        let role: TLSContext.Role
        let identity: SPIFFEIdentity
    }

    let index: Int
    package let reactor: Reactor
    package let settings: WorkerSettings
    let scratch = TunnelScratch()
    let pipes = PipePool()
    let namespaces: NamespaceVisitor
    let log: Log
    package var random = QuickRandom()
    var callerPorts: CallerPorts

    package private(set) var snapshot: Snapshot?
    private var credentials: [SPIFFEIdentity: Credential] = [:]
    private var contexts: [ContextKey: TLSContext] = [:]
    private var pods: [String: PodProxy] = [:]
    private var metrics = TrafficMetrics()
    private var accessLog: AccessLog
    private let reports: Outbox<WorkerReport>
    private var isDraining = false
    private var lastFinishedNanoseconds: UInt64 = 0
    private var isTidyingDue = false
    /// When accepting last had to pause.
    private var exhaustedNanoseconds: UInt64?
    private var isAccessLogged: Bool

    package init(
        index: Int, _ settings: WorkerSettings, _ log: Log, reports: Mailbox<WorkerReport>
    ) throws(Errno) {
        self.index = index
        self.settings = settings
        self.log = log
        let reactor = Reactor(kernel: try LinuxKernel())
        self.reactor = reactor
        self.reports = Outbox(reports, on: reactor)
        namespaces = try NamespaceVisitor()
        callerPorts = CallerPorts(random: &random)
        isAccessLogged = settings.isAccessLogged
        accessLog = AccessLog(format: log.format, sink: log.sink)
    }

    /// Runs until it is told to stop.
    package func run(_ mailbox: Mailbox<WorkerMessage>) throws(Errno) {
        try reactor.open(mailbox) { [unowned self] message in self.receive(message) }
        try reactor.run()
    }

    private func receive(_ message: WorkerMessage) {
        switch message {
        case .configure(let snapshot, let version):
            configure(snapshot)
            reports.post(.configured(worker: index, version: version))
        case .credentials(let credentials, let version):
            renew(credentials)
            reports.post(.proving(worker: index, version: version))
        case .addPod(let identity, let namespace): add(identity, namespace)
        case .drainPod(let uid, let deadline): drain(uid, deadline)
        case .drain(let deadline): drainAll(deadline)
        case .logAccess(let isLogged): isAccessLogged = isLogged
        case .report(let id): reports.post(.report(worker: index, id: id, state))
        case .stop: reactor.stop()
        }
    }

    // MARK: Configuration

    private func configure(_ snapshot: Snapshot) {
        self.snapshot = snapshot
        metrics.configurationChanged()
        for pod in pods.values { pod.configurationChanged(snapshot) }
    }

    private func renew(_ credentials: [SPIFFEIdentity: Credential]) {
        // A context is kept as long as its certificate: with it goes what it remembers of peers.
        contexts = contexts.filter { key, _ in
            let (new, old) = (credentials[key.identity], self.credentials[key.identity])
            return new?.chain == old?.chain && new?.roots == old?.roots
        }
        self.credentials = credentials
        // All are of one authority.
        let revocations = credentials.values.first?.roots.revocations ?? .none
        for pod in pods.values {
            pod.trustChanged(revocations)
            pod.arrived()
        }
    }

    /// The root that an identity's certificate leads to; nil when it has none.
    func root(of identity: SPIFFEIdentity) -> Fingerprint? { credentials[identity]?.root }

    /// How an identity speaks TLS on this worker; nil until it has a certificate.
    func context(_ role: TLSContext.Role, _ identity: SPIFFEIdentity) -> TLSContext? {
        let key = ContextKey(role: role, identity: identity)
        if let context = contexts[key] { return context }
        guard let credential = credentials[identity] else { return nil }
        do throws(TLSFailure) {
            let context = try TLSContext(role, credential)
            contexts[key] = context
            return context
        } catch {
            log.error("proxy", "certificate cannot be used", ["identity": "\(identity)", "error": "\(error)"])
            return nil
        }
    }

    // MARK: Pods

    private func add(_ identity: PodIdentity, _ namespace: NetworkNamespace) {
        guard !isDraining else {
            reports.post(.podAdded(worker: index, uid: identity.uid, failure: "this proxy is stopping"))
            return
        }
        // The pod's old namespace is gone, and with it whatever was in it.
        pods.removeValue(forKey: identity.uid)?.close()
        let pod = PodProxy(identity, namespace, self)
        do throws(ListenFailure) {
            try pod.listen()
            pods[identity.uid] = pod
            reports.post(.podAdded(worker: index, uid: identity.uid, failure: nil))
        } catch {
            pod.close()
            reports.post(.podAdded(worker: index, uid: identity.uid, failure: "\(error)"))
        }
    }

    private func drain(_ uid: String, _ deadlineMilliseconds: UInt64) {
        guard let pod = pods[uid] else {
            reports.post(.podDrained(worker: index, uid: uid))
            return
        }
        pod.drain(deadlineMilliseconds: deadlineMilliseconds)
    }

    /// The pod's last connection is over, or its time.
    func drained(_ pod: PodProxy) {
        guard pods[pod.identity.uid] === pod else { return }
        pods[pod.identity.uid] = nil
        // A thread that stayed in the pod's namespace would keep it.
        try? namespaces.visit(nil) {}
        reports.post(.podDrained(worker: index, uid: pod.identity.uid))
        reportWhenDrained()
    }

    private func drainAll(_ deadlineMilliseconds: UInt64) {
        isDraining = true
        for pod in pods.values { pod.drain(deadlineMilliseconds: deadlineMilliseconds) }
        reportWhenDrained()
    }

    private func reportWhenDrained() {
        guard isDraining, pods.isEmpty else { return }
        reports.post(.drained(worker: index))
    }

    // MARK: Records

    /// The one place where a connection's story ends.
    /// - Parameter isTold: whether it has a line in the access log.
    func finish(_ record: consuming ConnectionRecord, _ failure: ConnectionFailure?, isTold: Bool) {
        let summary = record.finish(failure, nowNanoseconds: LinuxKernel.monotonicNanoseconds())
        metrics.closed(summary)
        lastFinishedNanoseconds = reactor.nowNanoseconds
        tidyOnceQuiet()
        guard isAccessLogged, isTold else { return }
        accessLog.write(summary, timeMicroseconds: WallClock.microseconds())
    }

    private static let tidyAfterMilliseconds: UInt64 = 2_000

    /// What a burst has left on the heap goes back to the kernel when no connection has ended for a while.
    private func tidyOnceQuiet() {
        guard !isTidyingDue else { return }
        isTidyingDue = true
        _ = reactor.after(milliseconds: Self.tidyAfterMilliseconds) { [unowned self] in
            self.isTidyingDue = false
            let quietNanoseconds = self.reactor.nowNanoseconds - self.lastFinishedNanoseconds
            guard quietNanoseconds >= Self.tidyAfterMilliseconds * 1_000_000 / 2 else { return self.tidyOnceQuiet() }
            self.pipes.removeSpares()
            ProcessMemory.giveBack()
            // The tunnels that it needed go a little later.
            _ = self.reactor.after(milliseconds: Self.tidyAfterMilliseconds) { ProcessMemory.giveBack() }
        }
    }

    /// So long without trouble, and it is over.
    private static let exhaustionEndsAfterNanoseconds: UInt64 = 5_000_000_000

    /// Descriptors or memory have run out, for all pods. Clients wait; told once.
    func acceptingPaused(_ failure: Errno) {
        let now = reactor.nowNanoseconds
        let isNews = exhaustedNanoseconds.map { now - $0 > Self.exhaustionEndsAfterNanoseconds } ?? true
        exhaustedNanoseconds = now
        pipes.removeSpares()
        if isNews { log.warn("proxy", "accepting is paused", ["error": "\(failure)"]) }
    }

    /// The kernel does not tell any more who it was, so there is nothing to log.
    func lostAtAccept() { metrics.lostAtAccept() }

    package func opened(_ record: borrowing ConnectionRecord) { metrics.opened(record.facts) }

    /// A connection that goes on has carried more.
    package func progressed(_ record: inout ConnectionRecord) { metrics.progressed(&record.facts) }

    private var state: WorkerState {
        for pod in pods.values { pod.countBytes() }
        return WorkerState(
            metrics: metrics, connections: pods.mapValues(\.openConnections),
            sockets: pods.values.map(\.openSockets).reduce(OpenSockets(), +),
            roots: pods.values.reduce(into: []) { $0.formUnion($1.roots) })
    }
}

@available(*, unavailable)
extension Worker: Sendable {}
