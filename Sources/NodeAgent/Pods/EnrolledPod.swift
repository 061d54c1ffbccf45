import Discovery
import Netlink
import Reactor

/// One pod that the agent knows: performs what its enrolment orders, and tells it what came of it. Thread-confined.
final class EnrolledPod {
    /// Whom a pod works for.
    protocol Owner: AnyObject {
        func announce(_ pod: EnrolledPod)
        func withdraw(_ pod: EnrolledPod)
        func report(_ status: PodStatus)
        /// Something will be changed in the pod.
        func remember(_ pod: PodRecord) throws(Errno)
        /// The pod has left. With `startsOver` it is to come in again, as its file says now.
        func finished(_ pod: EnrolledPod, startsOver: Bool)
    }

    private(set) var record: PodRecord
    /// Nil as long as it could not be opened.
    private(set) var namespace: NetworkNamespace?

    private let reactor: Reactor
    private let visitor: NamespaceVisitor
    private let settings: AgentSettings
    private let log: Log
    private unowned let owner: any Owner
    private var enrolment = PodEnrolment()
    private(set) var isLeaving = false
    private var lastStatus: PodStatus?

    init(
        _ record: PodRecord, on reactor: Reactor, visitor: NamespaceVisitor, _ settings: AgentSettings, _ log: Log,
        owner: any Owner
    ) {
        self.record = record
        self.reactor = reactor
        self.visitor = visitor
        self.settings = settings
        self.log = log
        self.owner = owner
    }

    var uid: String { record.uid }

    var request: ZDSRequest {
        .add(
            uid: record.uid,
            ZDSPod(name: record.name, namespace: record.namespace, serviceAccount: record.serviceAccount))
    }

    private var redirection: Redirection { redirection(.all) }

    private func redirection(_ extent: PodEnrolment.Extent) -> Redirection {
        Redirection(capturesInbound: extent == .all && !record.bypassesInboundCapture)
    }

    // MARK: Facts

    /// Opens the pod's namespace and looks into it; tries again later when that fails.
    func start() {
        guard !isLeaving else { return }
        do {
            let namespace = try NetworkNamespace(path: record.networkNamespacePath)
            self.namespace = namespace
            perform(enrolment.found(try network(namespace).inspect(redirection)))
        } catch {
            namespace = nil
            perform(enrolment.notFound("\(record.networkNamespacePath): \(error)"))
            after(settings.retryMilliseconds) { $0.start() }
        }
    }

    /// The pod's file says something else than before. False when that is about another namespace: then the pod has to
    /// leave and come in again.
    func update(_ record: PodRecord) -> Bool {
        guard record.networkNamespacePath == self.record.networkNamespacePath else { return false }
        self.record = record
        perform(enrolment.changed())
        return true
    }

    func remove() {
        isLeaving = true
        perform(enrolment.removed(namespaceIsGone: presence != .there))
    }

    /// Its file is back while it leaves.
    func comeBack() { enrolment.returned() }

    func acknowledged() { perform(enrolment.acknowledged(mayBeCalled: mayBeCalled)) }

    func refused(_ reason: String) { perform(enrolment.refused(reason)) }

    func withdrawn() { perform(enrolment.withdrawn()) }

    /// Looks whether the rules are still as they should be.
    func inspect() {
        guard enrolment.phase == .enabled, let namespace else { return }
        do throws(NetlinkError) {
            perform(enrolment.inspected(try network(namespace).inspect(redirection)))
        } catch {
            log.warn("pods", "cannot look into a pod", ["uid": uid, "error": "\(error)"])
        }
        // Once there are none, there will be none.
        guard enrolment.phase == .enabled, var status = lastStatus, let before = status.olderConnections, before > 0
        else { return }
        status.olderConnections = olderConnections()
        if status != lastStatus { tell(status) }
    }

    /// Whether calls may be coming in that are about to be captured. What cannot be found out may be.
    private var mayBeCalled: Bool {
        guard let namespace, !record.bypassesInboundCapture else { return false }
        do throws(NetlinkError) {
            return try network(namespace).hasListeners()
        } catch {
            log.warn("pods", "cannot look for a pod's listeners", ["uid": uid, "error": "\(error)"])
            return true
        }
    }

    /// Nil when they cannot be counted, or what comes in is not to be captured anyway.
    private func olderConnections() -> UInt32? {
        guard let namespace, !record.bypassesInboundCapture else { return nil }
        do throws(NetlinkError) {
            return UInt32(clamping: try network(namespace).olderConnections())
        } catch {
            log.warn("pods", "cannot count a pod's connections", ["uid": uid, "error": "\(error)"])
            return nil
        }
    }

    private enum Presence { case there, gone, replaced }

    private var presence: Presence {
        guard let namespace, let present = try? NetworkNamespace(path: record.networkNamespacePath) else {
            return .gone
        }
        return present == namespace ? .there : .replaced
    }

    /// Another namespace at the same path: a runtime has made the pod's sandbox anew.
    var namespaceIsReplaced: Bool { namespace != nil && !isLeaving && presence == .replaced }

    // MARK: Orders

    private func perform(_ orders: [PodEnrolment.Order]) {
        for order in orders { perform(order) }
    }

    private func perform(_ order: PodEnrolment.Order) {
        switch order {
        case .announce: owner.announce(self)
        case .withdraw: owner.withdraw(self)
        case .capture(let extent): capture(extent)
        case .giveNotice(let delay): after(delay) { $0.perform($0.enrolment.noticePassed()) }
        case .drain: drain()
        case .count(let delay): after(min(delay, settings.drainDeadlineMilliseconds / 2)) { $0.count() }
        case .settle(let delay): after(delay) { $0.settle() }
        case .startDeadline:
            after(settings.drainDeadlineMilliseconds) { $0.perform($0.enrolment.deadlinePassed()) }
        case .retry: after(settings.retryMilliseconds) { $0.perform($0.enrolment.retryIsDue()) }
        case .release: release()
        case .report(let state, let message): report(state, message)
        case .warn(let message): log.warn("pods", message, ["uid": uid, "pod": "\(record.namespace)/\(record.name)"])
        case .forget: owner.finished(self, startsOver: false)
        case .startOver: owner.finished(self, startsOver: true)
        }
    }

    private func capture(_ extent: PodEnrolment.Extent) {
        guard let namespace else { return }
        do {
            try owner.remember(record)
            let network = network(namespace)
            let redirection = redirection(extent)
            try network.capture(redirection)
            switch try network.inspect(redirection) {
            case .inOrder: perform(enrolment.captured(extent))
            case .untouched: perform(enrolment.captureFailed("the rules are gone as soon as they are loaded"))
            case .draining: perform(enrolment.captureFailed("the rules were replaced as soon as they were loaded"))
            case .differs(let how): perform(enrolment.captureFailed("the rules are not what was loaded: \(how)"))
            }
        } catch {
            perform(enrolment.captureFailed("\(error)"))
        }
    }

    private func drain() {
        guard let namespace else { return perform(enrolment.drainFailed("no namespace")) }
        do throws(NetlinkError) {
            try network(namespace).drain()
            perform(enrolment.drained())
        } catch {
            perform(enrolment.drainFailed("\(error)"))
        }
    }

    private func count() {
        guard let namespace else { return perform(enrolment.counted(0)) }
        do throws(NetlinkError) {
            perform(enrolment.counted(try network(namespace).capturedConnections()))
        } catch {
            perform(enrolment.drainFailed("\(error)"))
        }
    }

    private func settle() {
        guard let namespace else { return perform(enrolment.settled(0)) }
        do throws(NetlinkError) {
            perform(enrolment.settled(try network(namespace).settle()))
        } catch {
            log.warn("pods", "cannot wait for translated connections", ["uid": uid, "error": "\(error)"])
            perform(enrolment.settled(0))
        }
    }

    private func release() {
        guard let namespace else { return }
        do throws(NetlinkError) {
            try network(namespace).release()
        } catch {
            log.error("pods", "cannot remove the rules", ["uid": uid, "error": "\(error)"])
        }
    }

    private func report(_ state: PodStatus.State, _ message: String) {
        // What is tried again and again is told once.
        guard lastStatus?.state != state || lastStatus?.message != message else { return }
        let older = state == .enabled ? olderConnections() : nil
        let text = message.isEmpty ? "pod is \(state.rawValue)" : "pod is \(state.rawValue): \(message)"
        let fields: KeyValuePairs = ["uid": uid, "pod": "\(record.namespace)/\(record.name)"]
        if state == .failed { log.error("pods", text, fields) } else { log.info("pods", text, fields) }
        if let older, older > 0 {
            log.info(
                "pods", "connections older than the enrolment are outside the mesh", ["uid": uid, "count": "\(older)"])
        }
        tell(PodStatus(uid: uid, state: state, message: message, olderConnections: older))
    }

    private func tell(_ status: PodStatus) {
        lastStatus = status
        owner.report(status)
    }

    private func network(_ namespace: NetworkNamespace) -> PodNetwork {
        PodNetwork(namespace: namespace, visitor: visitor)
    }

    /// A pod that has been forgotten meanwhile does nothing more.
    private func after(_ milliseconds: UInt64, _ action: @escaping (EnrolledPod) -> Void) {
        _ = reactor.after(milliseconds: milliseconds) { [weak self] in self.map(action) }
    }
}
