import Glibc
import Mesh
import Testing

@testable import Reactor

/// Real sockets; the peer's end is `accepted`.
final class ResetTests {
    private let reactor: Reactor
    private var socket: Descriptor?
    private let accepted: Descriptor

    init() throws {
        reactor = Reactor(kernel: try LinuxKernel())
        let loopback = try #require(IPAddress("127.0.0.1"))
        let listener = try Socket.listen(on: SocketAddress(loopback, 0), backlog: 8, options: Socket.Options())
        let address = try #require(Socket.local(of: listener.raw))
        socket = try Socket.connect(to: address, options: Socket.Options())
        var waiting = pollfd(fd: listener.raw, events: Int16(POLLIN), revents: 0)
        #expect(poll(&waiting, 1, 5_000) == 1)
        accepted = Descriptor(owning: accept(listener.raw, nil, nil))
    }

    @Test func `a connection with nothing on its way is reset at once`() throws {
        reactor.reset(taken())
        #expect(receiveAll() == ECONNRESET)
    }

    @Test(.timeLimit(.minutes(1)))
    func `one with bytes on their way is reset when they have been taken, or after a moment`() throws {
        let bytes = [UInt8](repeating: 7, count: 1 << 16)
        let socket = taken()
        while send(socket.raw, bytes, bytes.count, CInt(MSG_NOSIGNAL)) > 0 {}
        reactor.reset(socket)
        #expect(Socket.pendingError(of: accepted.raw) == nil, "the reset is not there yet")
        var isOver = false
        _ = reactor.after(milliseconds: 200) { isOver = true }
        while !isOver { try reactor.runOnce() }
        #expect(receiveAll() == ECONNRESET)
    }

    private func taken() -> Descriptor {
        guard let taken = socket.take() else { fatalError("taken twice") }
        return taken
    }

    /// What ends it: 0 for an end, else the error.
    private func receiveAll() -> CInt {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(accepted.raw, &buffer, buffer.count, 0)
            if count <= 0 { return count == 0 ? 0 : errno }
        }
    }
}
