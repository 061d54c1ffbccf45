import Glibc
import Mesh
import Testing

@testable import Reactor

struct ConnectorTests {
    @Test(.timeLimit(.minutes(1)))
    func `an attempt that is given up after it has arrived unseen is a reset, not an end`()
        throws
    {
        let reactor = Reactor(kernel: try LinuxKernel())
        let loopback = try #require(IPAddress("127.0.0.1"))
        let listener = try Socket.listen(on: SocketAddress(loopback, 0), backlog: 8, options: Socket.Options())
        let address = try #require(Socket.local(of: listener.raw))
        let socket = try Socket.connect(to: address, options: Socket.Options())
        let connector = try Connector(socket, on: reactor, timeoutMilliseconds: 10_000) { _ in
            Issue.record("nobody has looked")
        }
        // The kernel has shaken hands; the application takes the connection whenever it likes.
        var waiting = pollfd(fd: listener.raw, events: Int16(POLLIN), revents: 0)
        #expect(poll(&waiting, 1, 5_000) == 1)
        let accepted = accept(listener.raw, nil, nil)
        #expect(accepted >= 0)
        defer { close(accepted) }

        connector.cancel()
        var byte: UInt8 = 0
        #expect(recv(accepted, &byte, 1, 0) == -1)
        #expect(errno == ECONNRESET)
    }
}
