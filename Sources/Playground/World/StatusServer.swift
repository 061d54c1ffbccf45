import Reactor

/// Tells whoever connects to the playground's socket what is, and hangs up.
final class StatusServer {
    private let reactor: Reactor
    private let status: () -> [UInt8]
    private var listener: Listener?

    init(at path: String, reactor: Reactor, status: @escaping () -> [UInt8]) throws(Errno) {
        self.reactor = reactor
        self.status = status
        listener = try Listener(LocalSocket.listen(at: path), on: reactor, exhausted: { _ in }) { [weak self] socket in
            self?.serve(socket)
        }
    }

    private func serve(_ socket: consuming Descriptor) {
        // It stays alive by its timer and its place in the reactor.
        try? StatusReply(socket, status(), reactor: reactor).begin()
    }
}

/// One reply on its way: the reader may be slow, but not for ever.
private final class StatusReply: EventHandler {
    private static let limitMilliseconds: UInt64 = 5_000

    private let reactor: Reactor
    private var socket: Descriptor?
    private var rest: ArraySlice<UInt8>
    private var token: Token?
    private var timer: Reactor.TimerID?

    init(_ socket: consuming Descriptor, _ bytes: [UInt8], reactor: Reactor) {
        self.reactor = reactor
        self.socket = consume socket
        rest = bytes[...]
    }

    func begin() throws(Errno) {
        guard let raw = socket?.raw else { return }
        token = try reactor.watch(raw, for: self)
        timer = reactor.after(milliseconds: Self.limitMilliseconds) { self.close() }
    }

    func ready(_ readiness: Readiness) {
        guard let raw = socket?.raw else { return }
        while !rest.isEmpty {
            guard let count = try? Bytes.write(raw, rest) else { return close() }
            if count == 0 { return }
            rest = rest.dropFirst(count)
        }
        close()
    }

    private func close() {
        if let token { reactor.forget(token) }
        if let timer { reactor.cancel(timer) }
        (token, timer) = (nil, nil)
        socket = nil
    }
}
