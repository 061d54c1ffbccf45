import Discovery
package import Reactor

/// Hears from the node agent which pods to serve, and makes the proxy serve them. Owned by the control thread.
package final class ZDSClient: EventHandler, PodSource {
    /// An agent of ours removes a pod when its connections are over or have had their time; others when the pod is
    /// gone. So what is left ends soon, and before the agent gives up on an answer.
    private static let drainDeadlineMilliseconds: UInt64 = 3000

    private let path: String
    private let reactor: Reactor
    private let log: Log
    private let servant: any PodServant
    private let changed: () -> Void
    private var state = ZDSClientState()
    private var socket: PacketSocket?
    private var token: Token?
    private var namespaces: [String: NetworkNamespace] = [:]
    private var lastFailure: String?

    /// - Parameters:
    ///   - path: of the agent's socket.
    ///   - changed: told whenever `isReady` may have changed.
    package init(
        path: String, on reactor: Reactor, servant: any PodServant, _ log: Log, changed: @escaping () -> Void
    ) {
        self.path = path
        self.reactor = reactor
        self.servant = servant
        self.log = log
        self.changed = changed
    }

    package func start() {
        connect()
        scheduleRetry()
    }

    package var readinessTask: String { "workload proxy manager" }
    package var isReady: Bool { state.isReady }
    package var pendingReasons: [String] { state.pendingReasons }
    package var podCount: (served: Int, pending: Int) { state.podCount }
    package private(set) var failures = FailureMetrics()

    // MARK: Connection

    private func connect() {
        do throws(Errno) {
            let socket = try PacketSocket.connect(to: path)
            token = try reactor.watch(socket.raw, for: self)
            self.socket = consume socket
        } catch {
            return lost("cannot connect: \(error)", .connectFailed)
        }
        log.info("zds", "connected to the node agent", ["path": path])
        perform(state.connected())
    }

    private func lost(_ reason: String, _ word: FailureReason) {
        failures.count(.zds, .upstream, word)
        // One line for each new reason until an agent has told of all pods: attempts are many.
        if reason != lastFailure { log.warn("zds", "no node agent", ["path": path, "reason": reason]) }
        lastFailure = reason
        close()
        perform(state.disconnected())
    }

    private func close() {
        if let token { reactor.forget(token) }
        token = nil
        socket = nil
    }

    package func ready(_ readiness: Readiness) {
        guard readiness.callsForRead else { return }
        while let token {
            guard receiveOne(), token == self.token else { return }
        }
    }

    /// False when nothing more is there.
    private func receiveOne() -> Bool {
        guard let reception = receive() else { return false }
        switch consume reception {
        case .wouldBlock: return false
        case .ended:
            lost("the agent closed the connection", .closed)
            return false
        case .packet(let packet):
            take(packet)
            return true
        }
    }

    private func receive() -> PacketSocket.Reception? {
        do throws(Errno) {
            return try socket?.receive(limitBytes: ZDSPacket.limitBytes)
        } catch {
            lost("cannot read: \(error)", .socket)
            return nil
        }
    }

    private func take(_ packet: consuming PacketSocket.Packet) {
        guard !packet.isTruncated else { return perform(state.receivedMalformed("a packet was cut")) }
        do throws(ZDSError) {
            let request = try ZDSRequest(decoding: packet.bytes)
            let namespace = try namespace(beside: packet)
            let id = namespace.map { ZDSClientState.NamespaceID(device: $0.device, inode: $0.inode) }
            let actions = state.received(request, id)
            if request == .snapshotSent { lastFailure = nil }
            // Held only for a pod that is served: a namespace that we keep open lives on.
            if case .add(let uid, _) = request, let namespace, actions.contains(where: { $0.starts(uid) }) {
                namespaces[uid] = namespace
            }
            perform(actions)
        } catch {
            perform(state.receivedMalformed("\(error)"))
        }
    }

    private func namespace(beside packet: consuming PacketSocket.Packet) throws(ZDSError) -> NetworkNamespace? {
        guard let descriptor = packet.takeDescriptor() else { return nil }
        do throws(Errno) {
            return try NetworkNamespace(owning: descriptor)
        } catch {
            throw .malformed
        }
    }

    // MARK: Actions

    private func perform(_ actions: [ZDSClientState.Action]) {
        for action in actions { perform(action) }
        changed()
    }

    private func perform(_ action: ZDSClientState.Action) {
        switch action {
        case .sendHello: send { () throws(ZDSError) in try ZDSHello().encoded() }
        case .acknowledge(let error): send { () throws(ZDSError) in try ZDSResponse.ack(error: error).encoded() }
        case .start(let uid, let pod, let attempt): serve(uid, pod, attempt)
        case .drain(let uid): drain(uid)
        case .limitDrain(let ticket):
            _ = reactor.after(milliseconds: ZDSClientState.drainLimitMilliseconds) { [weak self] in
                guard let self else { return }
                self.perform(self.state.drainOverdue(ticket: ticket))
            }
        case .disconnect(let reason): lost(reason, .badRequest)
        case .connect(let delay):
            _ = reactor.after(milliseconds: delay) { [weak self] in self?.connect() }
        }
    }

    private func send(_ packet: () throws(ZDSError) -> [UInt8]) {
        guard socket != nil else { return }
        do {
            try socket?.send(try packet())
        } catch {
            lost("cannot write: \(error)", .socket)
        }
    }

    private func serve(_ uid: String, _ pod: ZDSPod, _ attempt: UInt64) {
        guard let namespace = namespaces[uid] else { return }
        let identity = PodIdentity(
            uid: uid, name: pod.name, namespace: pod.namespace, serviceAccount: pod.serviceAccount)
        log.info("zds", "pod added", ["uid": uid, "pod": "\(pod.namespace)/\(pod.name)"])
        servant.add(identity, namespace) { [weak self] failure in
            guard let self else { return }
            if let failure { self.log.error("zds", "pod cannot be served", ["uid": uid, "error": failure]) }
            self.perform(self.state.started(uid: uid, attempt: attempt, failure: failure))
        }
    }

    private func drain(_ uid: String) {
        namespaces[uid] = nil
        log.info("zds", "pod removed", ["uid": uid])
        servant.remove(uid: uid, deadlineMilliseconds: Self.drainDeadlineMilliseconds) { [weak self] in
            guard let self else { return }
            self.perform(self.state.drained(uid: uid))
        }
    }

    private func scheduleRetry() {
        _ = reactor.after(milliseconds: ZDSClientState.retryMilliseconds) { [weak self] in
            guard let self else { return }
            self.perform(self.state.retry())
            self.scheduleRetry()
        }
    }
}

@available(*, unavailable)
extension ZDSClient: Sendable {}

extension ZDSClientState.Action {
    fileprivate func starts(_ pod: String) -> Bool {
        if case .start(pod, _, _) = self { true } else { false }
    }
}
