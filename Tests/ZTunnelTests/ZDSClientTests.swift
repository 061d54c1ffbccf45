import Discovery
import Foundation
import Glibc
import Reactor
import Testing

@testable import ZTunnel

/// Serves at once whatever it is told to, and drains when the test says so.
private final class Servant: PodServant {
    var pods: [String: NetworkNamespace] = [:]
    var draining: [String: () -> Void] = [:]
    var failure: String?

    func add(_ identity: PodIdentity, _ namespace: NetworkNamespace, answer: @escaping (String?) -> Void) {
        if failure == nil { pods[identity.uid] = namespace }
        answer(failure)
    }

    func remove(uid: String, deadlineMilliseconds: UInt64, answer: @escaping () -> Void) {
        pods[uid] = nil
        draining[uid] = answer
    }
}

/// An agent's end of the conversation, on the same reactor's thread.
private struct Agent: ~Copyable {
    let reactor: Reactor
    let listener: Descriptor
    private var socket: PacketSocket?

    init(_ path: String, _ reactor: Reactor) throws {
        self.reactor = reactor
        listener = try PacketSocket.listen(at: path, backlog: 4)
    }

    mutating func accept() throws {
        while true {
            if case .accepted(let raw) = try LinuxKernel().accept(listener.raw) {
                socket = PacketSocket(owning: Descriptor(owning: raw))
                return
            }
            try turn()
        }
    }

    mutating func hangUp() { socket = nil }

    func send(_ request: ZDSRequest, namespace: String? = nil) throws {
        let passed = namespace.map { open($0, O_RDONLY) } ?? -1
        try socket?.send(try request.encoded(), passing: passed)
        if passed >= 0 { close(passed) }
        try turn()
    }

    func packet() throws -> [UInt8]? {
        for _ in 0..<100 {
            switch try socket!.receive(limitBytes: 1024) {
            case .packet(let packet): return packet.bytes
            case .ended: return nil
            case .wouldBlock: try turn()
            }
        }
        return nil
    }

    func acknowledgement() throws -> String? {
        guard case .ack(let error) = try ZDSResponse(decoding: try #require(try packet())) else { return nil }
        return error ?? "ok"
    }

    func turn() throws {
        _ = reactor.after(milliseconds: 1) {}
        try reactor.runOnce()
    }
}

struct ZDSClientTests {
    private let path = FileManager.default.temporaryDirectory.appending(path: "slip-edges-\(UUID().uuidString)").path
    private let reactor: Reactor
    private let servant = Servant()
    private let log: Log
    private let client: ZDSClient

    init() throws {
        reactor = Reactor(kernel: try LinuxKernel())
        log = try silentLog()
        client = ZDSClient(path: path, on: reactor, servant: servant, log) {}
    }

    private func withAgent(_ body: (inout Agent) throws -> Void) throws {
        var agent = try Agent(path, reactor)
        defer { unlink(path) }
        client.start()
        try agent.accept()
        _ = try ZDSHello(decoding: try #require(try agent.packet()))
        try body(&agent)
    }

    private let cart = ZDSPod(name: "cart", namespace: "shop", serviceAccount: "cart")

    @Test func `pods come with their network namespaces, and go when they are drained`() throws {
        try withAgent { agent in
            try agent.send(.add(uid: "a", cart), namespace: "/proc/self/ns/net")
            #expect(try agent.acknowledgement() == "ok")
            let own = try NetworkNamespace(path: "/proc/self/ns/net")
            #expect(servant.pods["a"].map { $0 == own } == true)
            try agent.send(.snapshotSent)
            #expect(try agent.acknowledgement() == "ok" && client.isReady)
            try agent.send(.del(uid: "a"))
            #expect(servant.pods.isEmpty)
            servant.draining["a"]?()
            #expect(try agent.acknowledgement() == "ok")
        }
    }

    @Test func `a pod that cannot be served is told with its reason`() throws {
        try withAgent { agent in
            servant.failure = "no room"
            try agent.send(.add(uid: "a", cart), namespace: "/proc/self/ns/net")
            #expect(try agent.acknowledgement() == "no room")
            #expect(client.pendingReasons == ["shop/cart: no room"])
        }
    }

    @Test func `when the agent goes the pods stay, and the next agent is found`() throws {
        try withAgent { agent in
            try agent.send(.add(uid: "a", cart), namespace: "/proc/self/ns/net")
            _ = try agent.acknowledgement()
            agent.hangUp()
            try agent.accept()
            _ = try ZDSHello(decoding: try #require(try agent.packet()))
            #expect(servant.pods.count == 1 && !client.isReady)
            try agent.send(.snapshotSent)
            #expect(try agent.acknowledgement() == "ok")
            #expect(servant.pods.isEmpty)
        }
    }

    @Test func `garbage ends the connection and nothing else`() throws {
        try withAgent { agent in
            try agent.send(.add(uid: "a", cart), namespace: "/proc/self/ns/net")
            _ = try agent.acknowledgement()
            for garbage in [[0xff, 0xff], [UInt8](repeating: 7, count: 1024), []] as [[UInt8]] where !garbage.isEmpty {
                try agent.sendRaw(garbage)
                #expect(try agent.packet() == nil)
                try agent.accept()
                _ = try agent.packet()
            }
            #expect(servant.pods.count == 1)
        }
    }
}

extension Agent {
    fileprivate func sendRaw(_ bytes: [UInt8]) throws {
        try socket?.send(bytes)
        try turn()
    }
}
