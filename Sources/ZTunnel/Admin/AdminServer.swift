package import Mesh
package import Reactor

/// A small HTTP/1.1 server for people and scrapers: one request per connection. Owned by its reactor.
///
/// Bounded: so many connections, so much head, so much time. Who comes beyond takes the place of whoever has kept us waiting
/// longest, so that nobody can hold all places and keep readiness from being asked for.
package final class AdminServer {
    package typealias Answer = (HTTPResponse) -> Void
    /// Told of each client that was refused or lost: who it was, what was wrong in a word and in a sentence.
    package typealias Refusal = (SocketAddress?, FailureReason, String) -> Void

    private static let connectionsMax = 64
    private static let backlog: CInt = 64

    private let reactor: Reactor
    private let respond: (HTTPRequest, @escaping Answer) -> Void
    private let refused: Refusal
    private var listeners: [Listener] = []
    /// The oldest first.
    private var exchanges: [HTTPExchange] = []
    /// Where it listens.
    package private(set) var addresses: [SocketAddress] = []

    /// - Parameters:
    ///   - refused: told of clients that got no answer, or none that they asked for.
    ///   - respond: calls its answer once, now or later.
    package init(
        on addresses: [SocketAddress], of reactor: Reactor, _ log: Log, refused: @escaping Refusal = { _, _, _ in },
        respond: @escaping (HTTPRequest, @escaping Answer) -> Void
    ) throws(Errno) {
        self.reactor = reactor
        self.respond = respond
        self.refused = refused
        do throws(Errno) {
            for address in addresses { try listen(on: address, log) }
        } catch {
            // Those that listen already would be left without their owner.
            close()
            throw error
        }
    }

    private func listen(on address: SocketAddress, _ log: Log) throws(Errno) {
        let socket = try Socket.listen(on: address, backlog: Self.backlog, isShared: false)
        if let bound = Socket.local(of: socket.raw) { addresses.append(bound) }
        let listener = try Listener(
            socket, on: reactor,
            exhausted: { failure in log.warn("admin", "accepting is paused", ["error": "\(failure)"]) },
            accepted: { [unowned self] socket in self.accepted(socket) })
        listeners.append(listener)
    }

    package func close() {
        for listener in listeners { listener.close() }
        for exchange in exchanges { exchange.close() }
        listeners = []
    }

    private func accepted(_ socket: consuming Descriptor) {
        let peer = Socket.peer(of: socket.raw)
        if exchanges.count >= Self.connectionsMax {
            guard let waiting = exchanges.first(where: \.waitsForClient) else {
                return refused(peer, .exhausted, "too many connections")
            }
            waiting.giveUp(.exhausted, "made room for others")
        }
        let exchange = HTTPExchange(on: reactor, peer, refused: refused, respond: respond) { [weak self] exchange in
            self?.exchanges.removeAll { $0 === exchange }
        }
        // Kept before it begins: a request that is there already is answered at once.
        exchanges.append(exchange)
        exchange.begin(socket)
    }
}

@available(*, unavailable)
extension AdminServer: Sendable {}

/// One connection: a request, its answer, the end.
private final class HTTPExchange: EventHandler {
    private static let requestTimeoutMilliseconds: UInt64 = 2000
    private static let responseTimeoutMilliseconds: UInt64 = 10_000
    private static let readBytes = 4096
    /// What a client may send after its request before it is cut off: the rest of what it had sent already.
    private static let remainderBytesMax = 256 * 1024

    private enum Phase { case reading, responding, writing, lingering, closed }

    private let reactor: Reactor
    private let peer: SocketAddress?
    private let refused: AdminServer.Refusal
    private let respond: (HTTPRequest, @escaping AdminServer.Answer) -> Void
    private let ended: (HTTPExchange) -> Void
    private var socket: Descriptor?
    private var token: Token?
    private var timer: Reactor.TimerID?
    private var phase = Phase.reading
    private var parser = HTTPRequestParser()
    private var hasBody = true
    private var pending: ArraySlice<UInt8> = []
    private var receivedBytes = 0
    private var remainderBytes = 0

    init(
        on reactor: Reactor, _ peer: SocketAddress?, refused: @escaping AdminServer.Refusal,
        respond: @escaping (HTTPRequest, @escaping AdminServer.Answer) -> Void,
        ended: @escaping (HTTPExchange) -> Void
    ) {
        self.reactor = reactor
        self.peer = peer
        self.refused = refused
        self.respond = respond
        self.ended = ended
    }

    func begin(_ socket: consuming Descriptor) {
        let raw = socket.raw
        self.socket = consume socket
        do throws(Errno) {
            token = try reactor.watch(raw, for: self)
        } catch {
            return close()
        }
        limit(Self.requestTimeoutMilliseconds) { [weak self] in self?.requestOverdue() }
    }

    /// Whether it is the client's turn, to ask or to go.
    var waitsForClient: Bool { phase == .reading || phase == .lingering }

    func ready(_ readiness: Readiness) {
        switch phase {
        case .reading, .lingering: read()
        case .responding, .closed: return
        case .writing: write()
        }
    }

    // MARK: Reading

    private func read() {
        while phase == .reading || phase == .lingering, let raw = socket?.raw {
            do throws(Errno) {
                switch try Bytes.read(raw, limitBytes: Self.readBytes) {
                case .bytes(let bytes): take(bytes)
                case .wouldBlock: return
                case .ended: return clientLeft(.closed, "closed within a request")
                }
            } catch {
                return clientLeft(.reset, "\(error)")
            }
        }
    }

    /// Who connects and leaves without a word just looked whether somebody is there.
    private func clientLeft(_ reason: FailureReason, _ sentence: String) {
        if phase == .reading, receivedBytes > 0 { refused(peer, reason, sentence) }
        close()
    }

    private func requestOverdue() {
        refused(peer, .timedOut, "no request in time")
        answer(HTTPResponse(status: 408, "timed out\n"))
    }

    func giveUp(_ reason: FailureReason, _ sentence: String) {
        if phase == .reading { refused(peer, reason, sentence) }
        close()
    }

    private func take(_ bytes: [UInt8]) {
        guard phase == .reading else {
            remainderBytes += bytes.count
            // Who never stops would keep this thread reading.
            if remainderBytes > Self.remainderBytesMax { close() }
            return
        }
        receivedBytes += bytes.count
        switch parser.take(bytes) {
        case .incomplete: return
        case .refused(let status):
            refused(peer, .badRequest, "answered \(status)")
            answer(HTTPResponse(status: status, "refused\n"))
        case .request(let request):
            phase = .responding
            hasBody = request.method != .head
            limit(Self.responseTimeoutMilliseconds) { [weak self] in self?.close() }
            respond(request) { [weak self] response in self?.answer(response) }
        }
    }

    // MARK: Writing

    private func answer(_ response: HTTPResponse) {
        guard phase == .reading || phase == .responding else { return }
        phase = .writing
        pending = response.bytes(hasBody: hasBody)[...]
        limit(Self.responseTimeoutMilliseconds) { [weak self] in self?.close() }
        write()
    }

    private func write() {
        while !pending.isEmpty, let raw = socket?.raw {
            do throws(Errno) {
                let count = try Bytes.write(raw, pending)
                guard count > 0 else { return }
                pending = pending.dropFirst(count)
            } catch {
                return close()
            }
        }
        linger()
    }

    /// Closing with bytes unread would reset the connection, and the answer might be lost (RFC 9112 §9.6).
    private func linger() {
        guard let raw = socket?.raw else { return }
        phase = .lingering
        Socket.shutdownWrite(raw)
        read()
    }

    // MARK: Ending

    private func limit(_ milliseconds: UInt64, _ action: @escaping () -> Void) {
        if let timer { reactor.cancel(timer) }
        timer = reactor.after(milliseconds: milliseconds, action)
    }

    func close() {
        guard phase != .closed else { return }
        phase = .closed
        if let timer { reactor.cancel(timer) }
        if let token { reactor.forget(token) }
        timer = nil
        token = nil
        socket = nil
        ended(self)
    }
}
