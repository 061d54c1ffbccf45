import Mesh
import Reactor

/// A client's socket while it is not yet known where its connection leads: held, and watched for the client's leaving.
final class AcceptedClient: EventHandler {
    private let reactor: Reactor
    private var socket: Descriptor?
    private var token: Token?
    private var readiness: Readiness = []
    private let left: () -> Void

    /// - Parameter left: called when the client has reset its connection.
    init(_ socket: consuming Descriptor, on reactor: Reactor, left: @escaping () -> Void) throws(Errno) {
        self.reactor = reactor
        self.left = left
        let raw = socket.raw
        self.socket = consume socket
        token = try reactor.watch(raw, for: self)
    }

    func ready(_ readiness: Readiness) {
        self.readiness.formUnion(readiness)
        guard readiness.contains(.failed), let raw = socket?.raw, Socket.pendingError(of: raw) != nil else { return }
        refuse()
        left()
    }

    /// Hands the socket on, watched, with what epoll has said of it.
    func handOver() -> Taken? {
        guard let token, let socket = socket.take() else { return nil }
        self.token = nil
        return Taken(socket: socket, token: token, readiness: readiness)
    }

    struct Taken: ~Copyable {
        let socket: Descriptor
        let token: Token
        let readiness: Readiness

        consuming func takeSocket() -> Descriptor { socket }
    }

    /// Closes with a reset: a client must not take a failure of ours for the end of an answer.
    func refuse() {
        guard let token, let socket = socket.take() else { return }
        self.token = nil
        Socket.resetOnClose(socket.raw)
        reactor.forget(token)
    }
}
