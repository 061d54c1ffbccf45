import Glibc
import Mesh
import Reactor
import TestNamespaces
import Testing

@testable import Netlink

@Suite(.enabled(if: geteuid() == 0, "needs root"))
struct NFTableTests {
    /// One rule with each expression that exists.
    static let table = NFTable(
        name: "nat-test",
        timeouts: ["patient": NFTimeouts(differing: [.closeWait: 3600])],
        chains: [
            "first": NFChain(
                hook: NFHook(.nat, at: .output, priority: -100),
                rules: [
                    NFRule([.setTimeouts("patient")]),
                    NFRule([.load(.outputInterface), .compare(.equal, [1, 0, 0, 0]), .accept]),
                    NFRule([
                        .load(.layer4Protocol), .compare(.equal, [6]),
                        .loadHeader(.transport, offsetBytes: 13, lengthBytes: 1), .bitwise(mask: [0x17], xor: [0]),
                        .compare(.notEqual, [2]), .loadConstant([0x3a, 0x99]), .redirect,
                    ]),
                ]),
            "second": NFChain(
                hook: NFHook(.route, at: .output, priority: -150),
                rules: [
                    NFRule([
                        .loadConnection(.direction), .compare(.equal, [1]), .loadConnection(.status),
                        .loadConnection(.mark), .bitwise(mask: [0xff, 0x0f, 0, 0], xor: [0, 0, 0, 0]),
                        .compare(.equal, [0x11, 0x01, 0, 0]), .storeMark, .storeConnection(.mark),
                    ])
                ]),
            "third": NFChain(
                hook: NFHook(.filter, at: .input, priority: 7),
                rules: [
                    NFRule([
                        .load(.inputInterface), .load(.mark), .load(.networkProtocol), .compare(.equal, [2]),
                        .loadHeader(.network, offsetBytes: 16, lengthBytes: 4),
                        .load(.layer4Protocol), .compare(.equal, [6]), .rejectWithReset,
                    ])
                ]),
            "fourth": NFChain(hook: NFHook(.filter, at: .prerouting, priority: -300), rules: []),
        ])

    @Test func `a table is read back as it was written, however often it is written`() throws {
        let namespace = try TestNamespace("table")
        let socket = try NetlinkSocket.open(.netfilter, in: namespace.open(), by: NamespaceVisitor())
        #expect(try socket.read(table: "nat-test") == nil)
        for _ in 0..<3 {
            try socket.replace(Self.table)
            #expect(try socket.read(table: "nat-test") == Self.table)
        }
        try socket.delete(table: "nat-test")
        #expect(try socket.read(table: "nat-test") == nil)
        try socket.delete(table: "nat-test")
    }

    @Test func `nft sees what was meant`() throws {
        let namespace = try TestNamespace("meant")
        try NetlinkSocket.open(.netfilter, in: namespace.open(), by: NamespaceVisitor()).replace(Self.table)
        let listing = try namespace.run("nft", "list", "ruleset")
        #expect(listing.contains("type nat hook output priority -100; policy accept;"), "\(listing)")
        #expect(listing.contains("tcp flags != syn / fin,syn,rst,ack redirect to :15001"), "\(listing)")
        #expect(listing.contains("oif \"lo\" accept"), "\(listing)")
        #expect(listing.contains("reject with tcp reset"), "\(listing)")
    }

    @Test(arguments: [
        ["add", "rule", "inet", "nat-test", "first", "tcp", "dport", "80", "accept"],
        ["insert", "rule", "inet", "nat-test", "fourth", "drop"],
        ["add", "chain", "inet", "nat-test", "fifth"],
        ["flush", "chain", "inet", "nat-test", "second"],
        ["add", "chain", "inet", "nat-test", "fourth", "{", "policy", "drop", ";", "}"],
        ["add", "ct", "timeout", "inet", "nat-test", "x", "{", "protocol", "tcp", ";", "}"],
        ["add", "table", "inet", "nat-test", "{", "flags", "dormant", ";", "}"],
    ])
    func `a change by somebody else shows`(change: [String]) throws {
        let namespace = try TestNamespace("change")
        let socket = try NetlinkSocket.open(.netfilter, in: namespace.open(), by: NamespaceVisitor())
        try socket.replace(Self.table)
        try Command.run(["ip", "netns", "exec", namespace.name, "nft"] + change)
        let found = try #require(try socket.read(table: "nat-test"))
        #expect(found != Self.table)
        #expect(found.difference(from: Self.table) != nil)
    }

    @Test func `a refusal names the message and leaves everything as it was`() throws {
        let namespace = try TestNamespace("refuse")
        let socket = try NetlinkSocket.open(.netfilter, in: namespace.open(), by: NamespaceVisitor())
        try socket.replace(Self.table)
        // A redirection belongs into a chain of kind nat.
        let wrong = NFTable(
            name: "nat-test",
            chains: [
                "wrong": NFChain(
                    hook: NFHook(.filter, at: .input, priority: 0),
                    rules: [NFRule([.loadConstant([0, 80]), .redirect])])
            ])
        let error = #expect(throws: NetlinkError.self) { try socket.replace(wrong) }
        #expect(error?.refusal == Errno(code: EOPNOTSUPP), "\(String(describing: error))")
        #expect(error?.description.contains("cannot add a rule to inet nat-test wrong") == true)
        #expect(try socket.read(table: "nat-test") == Self.table)
    }

    /// Sends a refusal of the first message to each netfilter socket of the namespace, as its administrator may.
    private static let forgery = """
        import socket, struct
        forger = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
        for line in open("/proc/net/netlink").readlines()[1:]:
            protocol, port = line.split()[1:3]
            if protocol == "12" and port != "0":
                body = struct.pack("=iIHHII", -1, 16, 0, 0, 1, 0)
                forger.sendto(struct.pack("=IHHII", 36, 2, 0, 1, 0) + body, (int(port), 0))
                print("forged")
        """

    @Test func `only the kernel's answers count`() throws {
        let namespace = try TestNamespace("forged")
        let socket = try NetlinkSocket.open(.netfilter, in: namespace.open(), by: NamespaceVisitor())
        #expect(try namespace.run("python3", "-c", Self.forgery) == "forged\n")
        try socket.replace(Self.table)
        #expect(try socket.read(table: "nat-test") == Self.table)
    }

    @Test func `a socket stays in the namespace it was opened in, and the thread goes home`() throws {
        let namespace = try TestNamespace("home")
        let visitor = try NamespaceVisitor()
        let home = try NetworkNamespace(path: "/proc/thread-self/ns/net")
        let socket = try NetlinkSocket.open(.netfilter, in: namespace.open(), by: visitor)
        #expect(try NetworkNamespace(path: "/proc/thread-self/ns/net") == home)
        try socket.replace(NFTable(name: "nat-elsewhere", chains: [:]))
        #expect(try namespace.run("nft", "list", "tables").contains("nat-elsewhere"))
        #expect(try !Command.run("nft", "list", "tables").contains("nat-elsewhere"))
    }
}
