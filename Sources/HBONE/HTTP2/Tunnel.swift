import CLinux
import CNghttp2
package import Reactor

/// Who is told how a tunnel fares.
package protocol TunnelObserver: AnyObject {
    /// The peer has proven who it is.
    func tunnelEstablished(_ tunnel: Tunnel)
    /// A peer asks for a connection: answer with `accept` or `refuse`, now or later. (A server's tunnel only.)
    func tunnel(_ tunnel: Tunnel, received request: ConnectRequest, on stream: TunnelStream)
    /// The peer takes another number of streams: see `streamLimit`.
    func tunnelLimitChanged(_ tunnel: Tunnel)
    /// A stream is gone, so there may be room for another.
    func tunnelStreamClosed(_ tunnel: Tunnel)
    /// No new stream may be opened; those that are open go on.
    func tunnelDraining(_ tunnel: Tunnel)
    /// Called exactly once, and last; nil for a tunnel that ended because nothing was left to do.
    func tunnelClosed(_ tunnel: Tunnel, _ failure: TunnelFailure?)
}

/// One HBONE connection: HTTP/2 over mutual TLS, whose streams are connections of applications.
///
/// A batch of events first fills what goes out; the pump runs once per turn, so that many streams share one encryption
/// and one send(2). Owned by its reactor; never crosses threads.
@safe package final class Tunnel: EventHandler, TurnHandler {
    /// Each is a decision and a dial: as much work as the bytes of a turn.
    private static let requestsPerTurn = 32
    /// Streams on their way when a shutdown was announced reach us within this time.
    private static let drainNoticeMilliseconds: UInt64 = 1_000

    /// A peer that does not close after we have said our last is closed after this time.
    private static let closeTimeoutMilliseconds: UInt64 = 5_000

    private enum Phase {
        case handshaking, open
        /// All is said; what the peer still sends is read, so that the kernel does not answer it with a reset.
        case closing
        case closed
    }

    package let role: TLSContext.Role
    private let reactor: Reactor
    private let scratch: TunnelScratch
    private let settings: HTTP2Settings
    private let tls: TLSSession
    private var http2: HTTP2Session?
    private var token: Token?
    /// Until the tunnel is closed. Not weak: that would make every reference to a tunnel slow.
    private var observer: (any TunnelObserver)?

    private var phase = Phase.handshaking
    private var isScheduled = false
    private var needsRead = false
    /// nghttp2 is on the stack, so the session must stay.
    private var isInSession = false
    private var isCloseDue = false
    private var isDrainDue = false
    /// OpenSSL did not take a batch: what follows would not make sense to the peer.
    private var hasLostBytes = false
    private var streams: [Int32: TunnelStream] = [:]
    /// Requests that have not had their turn.
    private var requests: [TunnelStream] = []
    private var pace = Reactor.Pace()
    /// Of applications, in this turn.
    private var movedBytes = 0
    /// The stream whose bytes are in `scratch.parts`.
    private var receivingStream: TunnelStream?
    private let budget: StorageBudget
    private var conduct: PeerConduct
    private var timer: Reactor.TimerID?
    package private(set) var isDraining = false

    /// - Parameters:
    ///   - socket: connected, and not yet watched unless `token` says so.
    ///   - token: how the reactor watches `socket` already.
    ///   - budget: of the pod whose tunnel this is.
    package init(
        _ context: TLSContext, _ socket: consuming Descriptor, _ token: Token? = nil, on reactor: Reactor,
        expecting expectation: PeerExpectation, settings: HTTP2Settings, _ scratch: TunnelScratch,
        _ budget: StorageBudget, observer: any TunnelObserver
    ) throws(TunnelFailure) {
        role = context.role
        self.reactor = reactor
        self.scratch = scratch
        self.settings = settings
        self.budget = budget
        self.observer = observer
        conduct = PeerConduct(settings)
        let raw = socket.raw
        do {
            tls = try TLSSession(context, socket, expecting: expectation, scratch.tls)
        } catch {
            throw .tls(error)
        }
        if let token {
            self.token = token
            reactor.hand(token, to: self)
        } else {
            do {
                self.token = try reactor.watch(raw, for: self)
            } catch {
                throw .socket(error)
            }
        }
        timer = reactor.after(milliseconds: settings.handshakeTimeoutMilliseconds) { [unowned self] in
            self.close(.tls(.timedOut))
        }
        // A client speaks first; for a server the peer's bytes may be here already.
        schedule()
    }

    package var peer: VerifiedPeer? { tls.peer }
    package var cipherSuite: String { tls.cipherSuite }
    package var streamCount: Int { streams.count }
    package var isOpen: Bool { phase == .open }
    var headerListLimit: Int { Int(settings.headerListBytes) }
    var detachedStallMilliseconds: UInt64 { settings.detachedStallMilliseconds }

    /// How many streams the peer takes at a time.
    package var streamLimit: Int { http2?.peerConcurrentStreams ?? 0 }

    // MARK: Events

    package func ready(_ readiness: Readiness) {
        if readiness.callsForRead {
            tls.noteReadable(readiness)
            needsRead = true
        }
        if readiness.contains(.writable), tls.isBlocked { tls.resume() }
        schedule()
    }

    package func turn() {
        if phase == .handshaking { shakeHands() }
        if phase == .open || phase == .closing, needsRead { readSome() }
        takeRequests()
        // What was set in motion until here goes out with this pump.
        isScheduled = false
        pump()
        if !requests.isEmpty { schedule() }
        reactor.moved(movedBytes, &pace)
        movedBytes = 0
    }

    private func schedule() {
        guard !isScheduled, phase != .closed else { return }
        isScheduled = true
        reactor.schedule(self)
    }

    private func shakeHands() {
        switch tls.handshake() {
        case .waiting: return
        case .failed(let failure): close(.tls(failure))
        case .established: open()
        }
    }

    private func open() {
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        guard let session = unsafe HTTP2Session.open(role, settings, owner: me, http2Callbacks) else {
            return close(.protocolViolation("out of memory"))
        }
        http2 = consume session
        phase = .open
        needsRead = true
        keepAlive()
        budget.open(self)
        if budget.isNarrow { adjustWindows() }
        observer?.tunnelEstablished(self)
        if isDrainDue { drain() }
    }

    // MARK: Reading

    private func readSome() {
        needsRead = false
        let limit = reactor.turnBytes
        var total = 0
        while total < limit {
            let room = unsafe UnsafeMutableRawBufferPointer(rebasing: scratch.tls.plain.prefix(limit))
            switch unsafe tls.read(into: room) {
            case .wouldBlock: return
            case .ended: return close(phase == .closing ? nil : .peerClosed)
            case .filled(let count):
                total += count
                if phase == .open { receive(count) }
                guard phase == .open || phase == .closing else { return }
            }
        }
        // Others first; then the rest.
        needsRead = true
    }

    private func receive(_ count: Int) {
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: scratch.tls.plain[..<count])
        isInSession = true
        let failure = unsafe http2?.receive(bytes)
        isInSession = false
        passReceivedOn()
        finishSession(failure)
    }

    /// Bytes of a DATA frame, still in the shared buffer.
    func received(_ bytes: UnsafeRawBufferPointer, for stream: TunnelStream?) {
        movedBytes += bytes.count
        guard let stream else {
            http2?.returnConnectionWindow(bytes.count)
            return
        }
        if receivingStream !== stream || scratch.partCount == TunnelScratch.partLimit {
            passReceivedOn()
            receivingStream = stream
        }
        unsafe scratch.parts[scratch.partCount].iov_base = UnsafeMutableRawPointer(mutating: bytes.baseAddress!)
        unsafe scratch.parts[scratch.partCount].iov_len = bytes.count
        scratch.partCount += 1
        scratch.partBytes += bytes.count
    }

    /// Gives the application what has been collected for it.
    func passReceivedOn() {
        guard let stream = receivingStream else { return }
        receivingStream = nil
        let (count, total) = (scratch.partCount, scratch.partBytes)
        scratch.partCount = 0
        scratch.partBytes = 0
        unsafe stream.receive(UnsafeBufferPointer(rebasing: scratch.parts[..<count]), total)
    }

    // MARK: Writing

    private func pump() {
        guard phase == .open, !tls.isBlocked else {
            // What is unread is not held up by what cannot be written. A handshake waits for the socket alone.
            if needsRead, phase != .handshaking { schedule() }
            return
        }
        scratch.turnBudget = reactor.turnBytes
        isInSession = true
        let failure = http2?.send()
        isInSession = false
        flushBatch()
        tls.flush()
        finishSession(failure)
        guard phase == .open else { return }
        if hasLostBytes { return close(.protocolViolation("cannot encrypt")) }
        guard let isOver = http2?.isOver, !isOver else { return finish() }
        if scratch.turnBudget <= 0 || needsRead { schedule() }
    }

    private func flushBatch() {
        let count = scratch.batchCount
        scratch.batchCount = 0
        guard count > 0 else { return }
        if unsafe !tls.write(UnsafeRawBufferPointer(rebasing: scratch.batch[..<count])) { hasLostBytes = true }
    }

    /// Whether frames can go out at the moment.
    var mayWrite: Bool { !tls.isBlocked && phase == .open }

    /// A control frame, or headers.
    func write(frame bytes: UnsafeRawBufferPointer) {
        if scratch.batchRoom < bytes.count { flushBatch() }
        guard scratch.batchRoom >= bytes.count else {
            if unsafe !tls.write(bytes) { hasLostBytes = true }
            return
        }
        unsafe scratch.batch.baseAddress!.advanced(by: scratch.batchCount)
            .copyMemory(from: bytes.baseAddress!, byteCount: bytes.count)
        scratch.batchCount += bytes.count
    }

    enum DataFilling { case filled(Int), ended, deferred, pause }

    /// nghttp2 may send up to `limit` bytes of this stream: they are read to where their frame will be.
    func fill(_ stream: TunnelStream, _ limit: Int) -> DataFilling {
        guard scratch.turnBudget > 0 else { return .pause }
        if scratch.batchRoom - TunnelScratch.frameHeaderSize < TunnelScratch.worthwhileSize {
            flushBatch()
            tls.flush()
            guard mayWrite else { return .pause }
        }
        let start = scratch.batchCount + TunnelScratch.frameHeaderSize
        let size = min(limit, TunnelScratch.batchSize - start, max(scratch.turnBudget, TunnelScratch.worthwhileSize))
        let room = unsafe UnsafeMutableRawBufferPointer(rebasing: scratch.batch[start..<start + size])
        switch unsafe stream.fill(room) {
        case .filled(let count):
            scratch.turnBudget -= count
            movedBytes += count
            return .filled(count)
        case .ended: return .ended
        case .deferred: return .deferred
        }
    }

    /// The frame's header before the bytes that `fill` put there.
    func commitData(header: UnsafeRawPointer, _ count: Int) {
        unsafe scratch.batch.baseAddress!.advanced(by: scratch.batchCount)
            .copyMemory(from: header, byteCount: TunnelScratch.frameHeaderSize)
        scratch.batchCount += TunnelScratch.frameHeaderSize + count
        guard scratch.batchCount >= TunnelScratch.batchFlushSize else { return }
        flushBatch()
        tls.flush()
    }

    // MARK: Streams

    /// Asks the peer for a connection. Nil when no stream can be opened here.
    package func connect(_ request: ConnectRequest, observer: any TunnelStreamObserver) -> TunnelStream? {
        guard phase == .open, !isDraining, let stream = openStream(request) else { return nil }
        stream.observer = observer
        return stream
    }

    private func openStream(_ request: ConnectRequest) -> TunnelStream? {
        let stream = TunnelStream(self, reactor)
        guard let id = http2?.request(HeaderBlock(request), for: stream) else { return nil }
        stream.opened(as: id)
        streams[id] = stream
        schedule()
        return stream
    }

    func beginRequest(_ id: Int32) {
        let stream = TunnelStream(self, reactor)
        stream.opened(as: id)
        streams[id] = stream
        http2?.bind(id, to: stream)
    }

    func requestComplete(_ stream: TunnelStream) { requests.append(stream) }

    /// A request that its peer has taken back before its turn, or that was cut for what it had sent by then, costs nothing.
    private func takeRequests() {
        guard !requests.isEmpty else { return }
        let due = requests.prefix(Self.requestsPerTurn)
        requests.removeFirst(due.count)
        for stream in due where !stream.isClosed && !stream.hasEnded {
            observer?.tunnel(self, received: stream.takeRequest(), on: stream)
        }
    }

    func streamClosed(_ stream: TunnelStream, code: UInt32) {
        passReceivedOn()
        streams[stream.id] = nil
        stream.closed(code: code)
        observer?.tunnelStreamClosed(self)
    }

    func respond(_ headers: HeaderBlock, on stream: TunnelStream, withBody: Bool) {
        http2?.respond(headers, on: stream.id, withBody: withBody)
        schedule()
    }

    func reset(_ stream: TunnelStream, _ code: UInt32) {
        http2?.reset(stream.id, code)
        schedule()
    }

    func resume(_ stream: TunnelStream) {
        http2?.resume(stream.id)
        schedule()
    }

    // MARK: Windows

    /// Received bytes went to the application, or are stored for it. The connection's window is given back for both: one slow
    /// stream holds up only itself (ztunnel reference §10.3).
    func returnWindow(of stream: TunnelStream, delivered: Int, stored: Int) {
        if delivered > 0, !stream.isClosed { http2?.returnStreamWindow(stream.id, delivered) }
        http2?.returnConnectionWindow(delivered + stored)
        schedule()
    }

    /// Stored bytes went to the application at last, or nowhere.
    func returnStored(of stream: TunnelStream, _ bytes: Int) {
        guard bytes > 0, !stream.isClosed else { return }
        http2?.returnStreamWindow(stream.id, bytes)
        schedule()
    }

    /// What a stream keeps in memory has changed.
    func storageChanged(of stream: TunnelStream, by bytes: Int) { budget.changed(stream, by: bytes) }

    /// The pod stores much, or no longer.
    func adjustWindows() {
        http2?.announce(
            streamWindowBytes: budget.isNarrow ? settings.narrowStreamWindowBytes : settings.streamWindowBytes)
        schedule()
    }

    // MARK: A peer that keeps us busy

    /// False when there have been too many; then the tunnel ends.
    func admitsIdleFrame() -> Bool { conduct.admitsIdleFrame(nowNanoseconds: reactor.nowNanoseconds) }
    func admitsReset() -> Bool { conduct.admitsReset(nowNanoseconds: reactor.nowNanoseconds) }

    /// RFC 9113 §10.5: the peer is told why (ENHANCE_YOUR_CALM), if it still reads.
    private func turnPeerAway(_ reason: String) {
        http2?.terminate(NGHTTP2_ENHANCE_YOUR_CALM.rawValue)
        // No application's bytes.
        scratch.turnBudget = 0
        isInSession = true
        _ = http2?.send()
        isInSession = false
        flushBatch()
        tls.flush()
        close(.misconduct(reason))
    }

    // MARK: Keeping alive

    private func keepAlive() {
        restartTimer(settings.pingAfterMilliseconds) { tunnel in tunnel.ping() }
    }

    private func ping() {
        http2?.ping()
        schedule()
        restartTimer(settings.pingTimeoutMilliseconds) { tunnel in tunnel.close(.unresponsive) }
    }

    func pingAnswered() { keepAlive() }

    private func restartTimer(_ milliseconds: UInt64, _ action: @escaping (Tunnel) -> Void) {
        if let timer { reactor.cancel(timer) }
        timer = reactor.after(milliseconds: milliseconds) { [unowned self] in
            self.timer = nil
            action(self)
        }
    }

    // MARK: Ending

    /// Takes no new streams; closes once those that are open have ended.
    package func drain() {
        if phase == .handshaking { isDrainDue = true }
        guard phase == .open, !isDraining else { return }
        isDraining = true
        guard role == .server else {
            http2?.goAway()
            return schedule()
        }
        http2?.announceShutdown()
        schedule()
        _ = reactor.after(milliseconds: Self.drainNoticeMilliseconds) {
            self.http2?.goAway()
            self.schedule()
        }
    }

    func peerLimitChanged() { observer?.tunnelLimitChanged(self) }

    func peerGoesAway() {
        guard !isDraining else { return }
        isDraining = true
        observer?.tunnelDraining(self)
    }

    /// Nothing is left to say: closes once the peer has taken it, without a reset that would overtake it.
    private func finish() {
        // What waits in the session goes first; the socket tells when there is room.
        guard !tls.isBlocked else { return }
        phase = .closing
        tls.finish()
        restartTimer(Self.closeTimeoutMilliseconds) { tunnel in tunnel.close(nil) }
        needsRead = true
        schedule()
    }

    /// Closes at once; every open stream is reset.
    package func close() { close(nil) }

    /// nghttp2 is off the stack again: what had to wait for that.
    private func finishSession(_ failure: String?) {
        guard phase != .closed else { return }
        if let offence = conduct.offence { return turnPeerAway(offence) }
        if let failure { return close(.protocolViolation(failure)) }
        if isCloseDue { close(nil) }
    }

    private func close(_ failure: TunnelFailure?) {
        guard phase != .closed else { return }
        guard !isInSession else {
            isCloseDue = true
            return
        }
        phase = .closed
        budget.close(self)
        if let timer { reactor.cancel(timer) }
        if let token { reactor.forget(token) }
        tls.close()
        let orphans = streams.values
        streams = [:]
        requests = []
        receivingStream = nil
        http2 = nil
        for stream in orphans { stream.tunnelLost() }
        let observer = observer
        self.observer = nil
        observer?.tunnelClosed(self, failure)
    }
}

@available(*, unavailable)
extension Tunnel: Sendable {}
