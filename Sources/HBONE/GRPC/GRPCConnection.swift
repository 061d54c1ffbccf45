import CNghttp2
package import Reactor

/// Who is told how a connection fares.
package protocol GRPCConnectionObserver: AnyObject {
    /// The server is there, and who it should be: calls may be made.
    func connectionOpened(_ connection: GRPCConnection)
    /// Called exactly once, and last; every call has ended.
    func connectionClosed(_ connection: GRPCConnection, _ failure: GRPCFailure)
}

/// One connection to a gRPC server: HTTP/2 over TLS, or plain, with calls as its streams.
///
/// Whatever nghttp2 tells is noted while it is on the stack, and told to observers afterwards: they may send, close or make
/// calls. Owned by its reactor; never crosses threads.
@safe package final class GRPCConnection: EventHandler, TurnHandler {
    /// What one turn takes from the server: the control thread has other work, too.
    private static let turnBytes = 1 << 20
    private static let readBytes = 64 << 10

    private let reactor: Reactor
    private let settings: HTTP2Settings
    private let authority: String
    private let port: UInt16
    private let security: Security?
    private let scratch: TLSScratch
    private var dial: GRPCDial?
    private var transport: GRPCTransport?
    private var http2: HTTP2Session?
    private var token: Token?
    /// Until the connection is closed.
    private var observer: (any GRPCConnectionObserver)?
    private var conduct: PeerConduct
    private var timer: Reactor.TimerID?

    private enum Phase { case dialling, handshaking, open, closed }
    private var phase = Phase.dialling
    private var isScheduled = false
    private var needsRead = false
    /// nghttp2 is on the stack, so the session must stay.
    private var isInSession = false
    private var isBroken = false
    package private(set) var isGoingAway = false
    private var calls: [Int32: GRPCCall] = [:]
    /// Calls that have something to tell.
    private var dirty: [GRPCCall] = []

    /// How a server proves who it is.
    package struct Security {
        let context: TLSContext
        let name: PeerExpectation

        package init(_ context: TLSContext, expecting name: PeerExpectation) {
            self.context = context
            self.name = name
        }
    }

    /// Is on its way at once.
    /// - Parameters:
    ///   - security: nil for a connection without TLS.
    ///   - lookup: of the address's host.
    package init(
        to address: GRPCAddress, _ security: Security?, _ lookup: NameLookup, settings: HTTP2Settings,
        _ scratch: TLSScratch, on reactor: Reactor, observer: any GRPCConnectionObserver
    ) {
        self.reactor = reactor
        self.settings = settings
        self.scratch = scratch
        self.observer = observer
        self.security = security
        authority = address.authority
        port = address.port
        conduct = PeerConduct(settings)
        dial = GRPCDial(to: port, of: lookup, on: reactor) { [unowned self] outcome in
            self.dial = nil
            switch consume outcome {
            case .connected(let connected): self.connected(connected)
            case .failed(let failure): self.close(failure)
            }
        }
        // Not before the caller has this connection in its hands.
        _ = reactor.after(milliseconds: 0) { [weak self] in self?.dial?.begin() }
    }

    private func connected(_ connected: consuming Connector.Connected) {
        let token = connected.token
        self.token = token
        do throws(TLSFailure) {
            transport = try transport(over: connected.takeSocket())
        } catch {
            return close(.tls(error))
        }
        reactor.hand(token, to: self)
        phase = .handshaking
        timer = reactor.after(milliseconds: settings.handshakeTimeoutMilliseconds) { [unowned self] in
            self.close(.tls(.timedOut))
        }
        needsRead = true
        schedule()
    }

    private func transport(over socket: consuming Descriptor) throws(TLSFailure) -> GRPCTransport {
        guard let security else { return .plain(PlainSession(socket)) }
        return .secure(try TLSSession(security.context, socket, expecting: security.name, scratch))
    }

    // MARK: Events

    package func ready(_ readiness: Readiness) {
        if readiness.callsForRead {
            transport?.noteReadable(readiness)
            needsRead = true
        }
        if readiness.contains(.writable), isBlocked { transport?.resume() }
        schedule()
    }

    package func turn() {
        isScheduled = false
        if phase == .handshaking { shakeHands() }
        if phase == .open, needsRead { readSome() }
        pump()
    }

    func schedule() {
        guard !isScheduled, phase != .closed else { return }
        isScheduled = true
        reactor.schedule(self)
    }

    private func shakeHands() {
        switch transport?.handshake() {
        case .waiting, nil: return
        case .failed(let failure): close(.tls(failure))
        case .established: open()
        }
    }

    private func open() {
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        guard let session = unsafe HTTP2Session.open(.client, settings, owner: me, grpcCallbacks) else {
            return close(.protocolViolation("out of memory"))
        }
        http2 = consume session
        phase = .open
        needsRead = true
        keepAlive()
        observer?.connectionOpened(self)
    }

    // MARK: Bytes

    private func readSome() {
        needsRead = false
        var total = 0
        while total < Self.turnBytes {
            let room = unsafe UnsafeMutableRawBufferPointer(rebasing: scratch.plain[..<Self.readBytes])
            switch unsafe transport?.read(into: room) {
            case .wouldBlock, nil: return
            case .ended: return close(isGoingAway ? .goingAway : .peerClosed)
            case .filled(let count):
                total += count
                receive(count)
                guard phase == .open else { return }
            }
        }
        needsRead = true
        schedule()
    }

    private func receive(_ count: Int) {
        isInSession = true
        let failure = unsafe http2?.receive(UnsafeRawBufferPointer(rebasing: scratch.plain[..<count]))
        isInSession = false
        deliver()
        if let offence = conduct.offence { return close(.protocolViolation(offence)) }
        if let failure { close(.protocolViolation(failure)) }
    }

    private func deliver() {
        while !dirty.isEmpty {
            let calls = dirty
            dirty = []
            for call in calls { call.deliver() }
        }
    }

    private func pump() {
        guard phase == .open, !isBlocked else { return }
        isInSession = true
        let failure = http2?.send()
        isInSession = false
        transport?.flush()
        deliver()
        if isBroken { return close(.protocolViolation("cannot encrypt")) }
        if let failure { return close(.protocolViolation(failure)) }
        if isGoingAway, calls.isEmpty { return close(.goingAway) }
        if http2?.isOver ?? false { close(.peerClosed) }
    }

    private var isBlocked: Bool { transport?.isBlocked ?? false }

    var mayWrite: Bool { !isBlocked && phase == .open }

    func write(_ bytes: UnsafeRawBufferPointer) {
        if unsafe transport?.write(bytes) != true { isBroken = true }
    }

    // MARK: Calls

    /// Begins a call. Nil when the connection takes none.
    /// - Parameters:
    ///   - method: `package.Service/Method`.
    ///   - metadata: names in lower case.
    ///   - deadlineMilliseconds: for the whole call; nil for one that may go on for ever.
    package func call(
        _ method: String, metadata: [(name: String, value: String)], messageLimitBytes: Int,
        deadlineMilliseconds: UInt64? = nil, observer: any GRPCCallObserver
    ) -> GRPCCall? {
        guard phase == .open, !isGoingAway else { return nil }
        var headers = HeaderBlock(post: "/" + method, scheme: security == nil ? "http" : "https", authority: authority)
        headers.add("te", "trailers")
        headers.add("content-type", "application/grpc")
        headers.add("user-agent", "slipstream")
        if let deadlineMilliseconds { headers.add("grpc-timeout", "\(min(deadlineMilliseconds, 99_999_999))m") }
        for (name, value) in metadata { headers.add(name: name, value: value) }
        let call = GRPCCall(self, messageLimitBytes: messageLimitBytes, observer: observer)
        guard let id = http2?.request(headers, for: call) else { return nil }
        call.opened(as: id)
        calls[id] = call
        if let deadlineMilliseconds {
            call.expire(reactor.after(milliseconds: deadlineMilliseconds) { [unowned call] in call.timedOut() })
        }
        schedule()
        return call
    }

    func received(_ bytes: UnsafeRawBufferPointer, _ id: Int32, for call: GRPCCall?) {
        guard let call else {
            http2?.returnConnectionWindow(bytes.count)
            return
        }
        note(call)
        let taken = unsafe call.receive(bytes)
        if taken > 0 { returnWindow(of: call, taken) }
    }

    func returnWindow(of call: GRPCCall, _ bytes: Int) {
        http2?.returnStreamWindow(call.id, bytes)
        http2?.returnConnectionWindow(bytes)
        schedule()
    }

    func peerEnded(_ call: GRPCCall) {
        note(call)
        call.peerEnded()
    }

    func streamClosed(_ call: GRPCCall, code: UInt32) {
        note(call)
        calls[call.id] = nil
        call.closed(code: code)
    }

    private func note(_ call: GRPCCall) {
        if !call.isDirty { dirty.append(call) }
    }

    /// A call goes on reading.
    func deliverLater(_ call: GRPCCall) {
        note(call)
        _ = reactor.after(milliseconds: 0) { [weak self] in self?.deliver() }
    }

    func resume(_ call: GRPCCall) {
        http2?.resume(call.id)
        schedule()
    }

    /// A call is over for its observer; what the stream still has is dropped.
    func ended(_ call: GRPCCall, heldBytes: Int) {
        if heldBytes > 0 { http2?.returnConnectionWindow(heldBytes) }
        guard calls.removeValue(forKey: call.id) != nil else { return }
        http2?.bind(call.id, to: nil)
        http2?.reset(call.id, NGHTTP2_CANCEL.rawValue)
        schedule()
    }

    func cancel(_ timer: Reactor.TimerID) { reactor.cancel(timer) }

    /// False when there have been too many; then the connection ends.
    func admitsIdleFrame() -> Bool { conduct.admitsIdleFrame(nowNanoseconds: reactor.nowNanoseconds) }

    // MARK: Keeping alive

    private func keepAlive() {
        restartTimer(settings.pingAfterMilliseconds) { connection in connection.ping() }
    }

    private func ping() {
        http2?.ping()
        schedule()
        restartTimer(settings.pingTimeoutMilliseconds) { connection in connection.close(.unresponsive) }
    }

    func pingAnswered() { keepAlive() }

    private func restartTimer(_ milliseconds: UInt64, _ action: @escaping (GRPCConnection) -> Void) {
        if let timer { reactor.cancel(timer) }
        timer = reactor.after(milliseconds: milliseconds) { [unowned self] in
            self.timer = nil
            action(self)
        }
    }

    // MARK: Ending

    func peerGoesAway() {
        isGoingAway = true
        schedule()
    }

    /// Closes at once; every open call ends.
    package func close() { close(.cancelled) }

    private func close(_ failure: GRPCFailure) {
        guard phase != .closed else { return }
        precondition(!isInSession, "closed by one who is told only afterwards")
        phase = .closed
        if let timer { reactor.cancel(timer) }
        dial?.cancel()
        dial = nil
        if let token { reactor.forget(token) }
        transport?.close()
        transport = nil
        let orphans = calls.sorted { $0.key < $1.key }.map(\.value)
        let ended = dirty
        calls = [:]
        dirty = []
        http2 = nil
        for call in ended + orphans { call.lost(failure) }
        let observer = observer
        self.observer = nil
        observer?.connectionClosed(self, failure)
    }
}

@available(*, unavailable)
extension GRPCConnection: Sendable {}
