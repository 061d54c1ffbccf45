/// One attempt to connect, with a time limit. Ends exactly once, by calling `finished`, unless it is cancelled before.
package final class Connector: EventHandler {
    /// A connected socket and the registration that its new owner takes over with `Reactor.hand`.
    package struct Connected: ~Copyable {
        package let socket: Descriptor
        package let token: Token
        /// What epoll has said already and will not repeat.
        package let readiness: Readiness

        /// The descriptor, for its new owner.
        package consuming func takeSocket() -> Descriptor { socket }
    }

    private let reactor: Reactor
    private var socket: Descriptor?
    private var token: Token?
    private var timer: Reactor.TimerID?
    private var finished: ((consuming Result) -> Void)?

    package enum Result: ~Copyable {
        case connected(Connected)
        case failed(Errno)
    }

    /// `socket` is one that `Socket.connect` returned.
    package init(
        _ socket: consuming Descriptor, on reactor: Reactor, timeoutMilliseconds: UInt64,
        finished: @escaping (consuming Result) -> Void
    ) throws(Errno) {
        self.reactor = reactor
        let raw = socket.raw
        self.socket = consume socket
        self.finished = finished
        token = try reactor.watch(raw, for: self)
        timer = reactor.after(milliseconds: timeoutMilliseconds) { [unowned self] in self.fail(.timedOut) }
    }

    /// Gives the attempt up; `finished` is not called.
    package func cancel() {
        finished = nil
        close()
    }

    package func ready(_ readiness: Readiness) {
        guard !readiness.isDisjoint(with: [.writable, .failed, .hungUp]), let raw = socket?.raw else { return }
        if let failure = Socket.pendingError(of: raw) { return fail(failure) }
        guard readiness.contains(.writable) else { return fail(.reset) }
        arrive(readiness)
    }

    private func arrive(_ readiness: Readiness) {
        guard let finished, let token, let socket = socket.take() else { return }
        self.finished = nil
        self.token = nil
        stopTimer()
        finished(.connected(Connected(socket: socket, token: token, readiness: readiness)))
    }

    private func fail(_ failure: Errno) {
        guard let finished else { return }
        self.finished = nil
        close()
        finished(.failed(failure))
    }

    private func close() {
        stopTimer()
        if let token { reactor.forget(token) }
        token = nil
        // It may have arrived since anybody looked: who has accepted it must not read an end.
        if let raw = socket?.raw { Socket.resetOnClose(raw) }
        socket = nil
    }

    private func stopTimer() {
        if let timer { reactor.cancel(timer) }
        timer = nil
    }
}
