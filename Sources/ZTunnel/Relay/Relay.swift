import Reactor

/// Two plain sockets joined: what comes in at one goes out at the other, moved by the kernel.
///
/// A reset at one side becomes a reset at the other. Owned by its reactor; never crosses threads.
final class Relay: TurnHandler {
    enum Side: Hashable { case client, upstream }

    enum Ending: Hashable {
        case complete
        case reset(by: Side)
        case cancelled
    }

    struct Result {
        let ending: Ending
        /// From the client, and to it.
        let bytesUp: UInt64
        let bytesDown: UInt64
    }

    private static let spliceBytes = 64 * 1024
    /// How soon a pipe is asked for again that could not be made.
    private static let retryMilliseconds: UInt64 = 50

    /// One socket, with what is on its way away from it.
    private final class End: EventHandler {
        let side: Side
        let socket: Descriptor
        let token: Token
        /// A relay outlives what the reactor has of it.
        unowned var relay: Relay!
        var half = HalfRelay()
        var pipe: PipePair?
        var pipePlace: Places.Place?
        var bytes: UInt64 = 0

        init(_ side: Side, _ socket: consuming Descriptor, _ token: Token) {
            self.side = side
            self.socket = socket
            self.token = token
        }

        var isPipeEmpty: Bool { (pipe?.count ?? 0) == 0 }

        func ready(_ readiness: Readiness) { relay.ready(self, readiness) }
    }

    private let reactor: Reactor
    private let pipes: PipePool
    private let pipePlaces: Places
    private var client: End?
    private var upstream: End?
    private var ended: ((Result) -> Void)?
    private var isScheduled = false
    private var isRetryDue = false
    private var pace = Reactor.Pace()
    /// In this turn.
    private var movedBytes = 0

    /// Both sockets are watched by the reactor already.
    init(
        client: consuming Descriptor, _ clientToken: Token, upstream: consuming Descriptor, _ upstreamToken: Token,
        on reactor: Reactor, _ pipes: PipePool, _ pipePlaces: Places, ended: @escaping (Result) -> Void
    ) {
        self.reactor = reactor
        self.pipes = pipes
        self.pipePlaces = pipePlaces
        self.ended = ended
        let clientEnd = End(.client, client, clientToken)
        let upstreamEnd = End(.upstream, upstream, upstreamToken)
        self.client = clientEnd
        self.upstream = upstreamEnd
        for end in [clientEnd, upstreamEnd] {
            end.relay = self
            reactor.hand(end.token, to: end)
        }
        schedule()
    }

    func cancel() { end(.cancelled) }

    var bytesSoFar: (up: UInt64, down: UInt64) { (client?.bytes ?? 0, upstream?.bytes ?? 0) }

    private func ready(_ end: End, _ readiness: Readiness) {
        guard let other = other(end) else { return }
        if readiness.contains(.failed), Socket.pendingError(of: end.socket.raw) != nil {
            return self.end(.reset(by: end.side))
        }
        if readiness.callsForRead { _ = end.half.sourceReady() }
        if readiness.contains(.writable) { _ = other.half.targetReady() }
        schedule()
    }

    private func other(_ end: End) -> End? { end.side == .client ? upstream : client }

    func turn() {
        isScheduled = false
        if let client, let upstream { move(from: client, to: upstream) }
        if let client, let upstream { move(from: upstream, to: client) }
        if let client, let upstream, client.half.isFinished, upstream.half.isFinished { end(.complete) }
        reactor.moved(movedBytes, &pace)
        movedBytes = 0
    }

    private func schedule() {
        guard !isScheduled else { return }
        isScheduled = true
        reactor.schedule(self)
    }

    private func move(from source: End, to target: End) {
        var budget = reactor.turnBytes
        var step = source.half.next()
        while true {
            switch step {
            case .fill:
                guard budget > 0 else { return schedule() }
                step = fill(source, &budget)
            case .drain: step = drain(source, into: target)
            case .shutdownTarget:
                Socket.shutdownWrite(target.socket.raw)
                step = source.half.targetShutDown()
            case .await, .finished: return restPipe(of: source)
            }
            guard ended != nil else { return }
        }
    }

    private func fill(_ source: End, _ budget: inout Int) -> HalfRelay.Step {
        switch preparePipe(of: source) {
        case .ready: break
        case .full:
            // The bytes wait in the socket.
            retryLater()
            return .await
        case .failed:
            // Waiting would hold what others wait for: out of descriptors somebody has to give way.
            end(.cancelled)
            return .finished
        }
        switch source.pipe!.fill(from: source.socket.raw, limit: Self.spliceBytes) {
        case .moved(let bytes):
            budget -= bytes
            movedBytes += bytes
            return source.half.filled()
        case .wouldBlock: return source.half.sourceBlocked()
        case .ended: return source.half.sourceEnded()
        case .failed:
            end(.reset(by: source.side))
            return .finished
        }
    }

    private enum Preparation { case ready, full, failed }

    private func preparePipe(of source: End) -> Preparation {
        if source.pipe != nil { return .ready }
        guard let place = pipePlaces.take() else { return .full }
        guard let pipe = try? pipes.take() else { return .failed }
        source.pipe = consume pipe
        source.pipePlace = place
        return .ready
    }

    private func retryLater() {
        guard !isRetryDue else { return }
        isRetryDue = true
        _ = reactor.after(milliseconds: Self.retryMilliseconds) { [weak self] in
            self?.isRetryDue = false
            self?.turn()
        }
    }

    private func drain(_ source: End, into target: End) -> HalfRelay.Step {
        switch source.pipe!.drain(to: target.socket.raw) {
        case .moved(let bytes):
            source.bytes += UInt64(bytes)
            return source.half.drained(isEmpty: source.isPipeEmpty)
        case .wouldBlock: return source.half.targetBlocked()
        case .ended, .failed:
            end(.reset(by: target.side))
            return .finished
        }
    }

    /// A direction that has nothing on its way holds no pipe.
    private func restPipe(of source: End) {
        guard let pipe = source.pipe.take() else { return }
        if pipe.count == 0 {
            pipes.giveBack(pipe)
            source.pipePlace = nil
        } else {
            source.pipe = consume pipe
        }
    }

    private func end(_ ending: Ending) {
        guard let ended, let client, let upstream else { return }
        self.ended = nil
        self.client = nil
        self.upstream = nil
        for end in [client, upstream] {
            reactor.forget(end.token)
            if ending != .complete { reactor.reset(end.socket.raw, heldBy: end) }
        }
        ended(Result(ending: ending, bytesUp: client.bytes, bytesDown: upstream.bytes))
    }
}
