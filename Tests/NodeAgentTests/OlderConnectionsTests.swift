import Mesh
import Netlink
import Testing

@testable import NodeAgent

struct OlderConnectionsTests {
    private func socket(_ local: String, _ remote: String, isProxys: Bool = false, isOpen: Bool = true) throws
        -> TCPConnection
    {
        TCPConnection(
            local: try #require(SocketAddress(local)), remote: try #require(SocketAddress(remote)),
            mark: isProxys ? 0xabc0_0539 : 0, isOpen: isOpen)
    }

    @Test func `an application's connection with somebody else counts, in either direction`() throws {
        let calling = try socket("10.0.0.2:40000", "10.0.0.9:80"), called = try socket("10.0.0.2:80", "10.0.0.9:40000")
        #expect(OlderConnections.count(in: [calling, called]) == 2)
    }

    @Test func `one that the proxy carries does not count`() throws {
        let outward = [
            try socket("10.0.0.2:40000", "10.0.0.9:80"),
            try socket("127.0.0.1:15001", "10.0.0.2:40000", isProxys: true),
            try socket("10.0.0.2:40001", "10.0.0.9:15008", isProxys: true),
        ]
        let inward = [
            try socket("10.0.0.2:80", "10.0.0.9:40000"),
            try socket("10.0.0.9:40000", "10.0.0.2:80", isProxys: true),
            try socket("10.0.0.2:15006", "10.0.0.9:41000", isProxys: true),
        ]
        #expect(OlderConnections.count(in: outward) == 0)
        #expect(OlderConnections.count(in: inward) == 0)
        #expect(OlderConnections.count(in: Array(outward.prefix(1)) + inward) == 1)
    }

    @Test func `one within the pod, or that both have closed, does not count`() throws {
        let within = [
            try socket("127.0.0.1:80", "127.0.0.1:40000"), try socket("127.0.0.1:40000", "127.0.0.1:80"),
            try socket("10.0.0.2:80", "10.0.0.2:40000"), try socket("10.0.0.2:40000", "10.0.0.2:80"),
        ]
        #expect(OlderConnections.count(in: within) == 0)
        #expect(OlderConnections.count(in: [try socket("10.0.0.2:80", "10.0.0.9:40000", isOpen: false)]) == 0)
    }
}
