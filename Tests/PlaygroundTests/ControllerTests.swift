import Foundation
import Glibc
import Reactor
import Testing

@testable import Playground

struct ControllerViewTests {
    private func view(version: UInt64, _ proxies: [ControllerView.Proxy]) -> ControllerView {
        ControllerView(askedNanoseconds: 0, world: .init(version: version, listed: true), proxies: proxies)
    }

    private func proxy(connected: Bool = true, acknowledged: UInt64) -> ControllerView.Proxy {
        .init(
            name: "slipstream-system/ztunnel-node-1", role: "ztunnel", node: "node-1", connected: connected,
            acknowledged: acknowledged, rejections: [:])
    }

    @Test func `a proxy is in sync when it is connected and all that the controller knows is in force there`() {
        let view = view(version: 7, [])
        #expect(view.isInSync(proxy(acknowledged: 7)))
        #expect(!view.isInSync(proxy(acknowledged: 6)))
        #expect(!view.isInSync(proxy(connected: false, acknowledged: 7)))
    }

    @Test func `of a pod's processes the one that is connected counts`() {
        let view = view(version: 1, [proxy(connected: false, acknowledged: 9), proxy(acknowledged: 3)])
        #expect(view.proxy("slipstream-system/ztunnel-node-1")?.acknowledged == 3)
        #expect(view.proxy("slipstream-system/ztunnel-node-2") == nil)
    }
}

struct HTTPAnswerTests {
    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", "{}"),
        ("HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length:2\r\n\r\n[]", "[]"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{}", nil),
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}", nil),
        ("HTTP/1.1 200 OK\r\n\r\n{}", nil), ("HTTP/1.1 200 OK\r\n", nil), ("", nil), ("\r\n\r\n", nil),
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\n{}", nil),
    ])
    func `only a whole answer of 200 says something`(answer: String, body: String?) {
        #expect(HTTPAnswer.body(of: Data(answer.utf8)) == body.map { Data($0.utf8) })
    }
}

struct ControllerQuestionTests {
    @Test func `a controller that is not there, or does not answer, is told from one that does`() throws {
        let path = NSTemporaryDirectory() + "slip-socket-\(UUID().uuidString.prefix(8))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let reactor = Reactor(kernel: try LinuxKernel())
        #expect(try ask(path, on: reactor) == .some(nil))
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ntrue"
        // What asked has written its request before it is accepted.
        let server = try Listener(LocalSocket.listen(at: path), on: reactor, exhausted: { _ in }) { socket in
            _ = try? Bytes.read(socket.raw, limitBytes: 4_096)
            _ = try? Bytes.write(socket.raw, Array(answer.utf8)[...])
        }
        #expect(try ask(path, on: reactor) == Data("true".utf8))
        withExtendedLifetime(server) {}
    }

    /// What the asker is told.
    private func ask(_ path: String, on reactor: Reactor) throws -> Data?? {
        var told: Data??
        ControllerQuestion.ask("/", at: path, on: reactor) { told = .some($0) }
        for _ in 0..<200 where told == nil {
            _ = reactor.after(milliseconds: 10) {}
            try reactor.runOnce()
        }
        return told
    }
}
