import Glibc
import Mesh
import Reactor
import TestNamespaces
import Testing

@testable import Netlink

@Suite(.enabled(if: geteuid() == 0, "needs root"))
struct PolicyRouteTests {
    static let route = PolicyRoute(mark: 0x111, mask: 0xfff, priority: 32764, table: 100)

    @Test(arguments: [IPAddress.Family.v4, .v6])
    func `a policy route is added once, read back and removed`(family: IPAddress.Family) throws {
        let namespace = try TestNamespace("route")
        let flag = family == .v4 ? "-4" : "-6"
        let socket = try NetlinkSocket.open(.route, in: namespace.open(), by: NamespaceVisitor())
        #expect(try !socket.has(Self.route, family))
        for _ in 0..<2 { try socket.add(Self.route, family) }
        #expect(try socket.has(Self.route, family))
        let rules = try namespace.run("ip", flag, "rule")
        #expect(rules.split(separator: "\n").filter { $0.contains("fwmark 0x111/0xfff lookup 100") }.count == 1)
        #expect(try namespace.run("ip", flag, "route", "show", "table", "100").hasPrefix("local default dev lo"))
        for _ in 0..<2 { try socket.remove(Self.route, family) }
        #expect(try !socket.has(Self.route, family))
        #expect(try !namespace.run("ip", flag, "rule").contains("fwmark"))
    }

    @Test func `half of a policy route is none`() throws {
        let namespace = try TestNamespace("half")
        let socket = try NetlinkSocket.open(.route, in: namespace.open(), by: NamespaceVisitor())
        try socket.add(Self.route, .v4)
        try namespace.run("ip", "route", "flush", "table", "100")
        #expect(try !socket.has(Self.route, .v4))
        try socket.add(Self.route, .v4)
        #expect(try socket.has(Self.route, .v4))
    }

    @Test func `a pod without IPv6 is recognised`() throws {
        let namespace = try TestNamespace("only4")
        let socket = try NetlinkSocket.open(.route, in: namespace.open(), by: NamespaceVisitor())
        #expect(try socket.hasAddress(of: .v6))
        try namespace.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
        #expect(try !socket.hasAddress(of: .v6))
        #expect(try socket.hasAddress(of: .v4))
    }
}
