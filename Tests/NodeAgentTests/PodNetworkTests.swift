import Glibc
import Mesh
import Netlink
import Reactor
import TestNamespaces
import Testing

@testable import NodeAgent

@Suite(.enabled(if: geteuid() == 0, "needs root"), .timeLimit(.minutes(2)))
struct PodNetworkTests {
    let lab: PodLab
    let network: PodNetwork

    init() throws {
        lab = try PodLab()
        network = PodNetwork(namespace: try lab.pod.open(), visitor: try NamespaceVisitor())
    }

    // MARK: What is there

    @Test func `capture is found in order, however often it was done`() throws {
        let redirection = Redirection(capturesDNS: true, hostProbes: [try #require(IPAddress("169.254.7.127"))])
        #expect(try network.inspect(redirection) == .untouched)
        for _ in 0..<3 {
            try network.capture(redirection)
            #expect(try network.inspect(redirection) == .inOrder)
        }
        try network.release()
        #expect(try network.inspect(redirection) == .untouched)
        try network.release()
    }

    @Test func `release leaves nothing behind`() throws {
        let before = try lab.stateOfPod()
        try network.capture(Redirection())
        #expect(try lab.stateOfPod() != before)
        try network.release()
        #expect(try lab.stateOfPod() == before)
        #expect(try lab.pod.run("sysctl", "-n", "net.netfilter.nf_conntrack_tcp_loose") == "1\n")
    }

    @Test(arguments: [
        "nft insert rule inet slipstream nat-output accept", "nft flush chain inet slipstream guard-input",
        "nft delete table inet slipstream", "ip rule del fwmark 0x111/0xfff", "ip -6 route flush table 100",
    ])
    func `what somebody else changed is found, and mended`(change: String) throws {
        try network.capture(Redirection())
        try lab.pod.run(change.split(separator: " ").map(String.init))
        guard case .differs = try network.inspect(Redirection()) else {
            Issue.record("\(change) was not found")
            return
        }
        try network.capture(Redirection())
        #expect(try network.inspect(Redirection()) == .inOrder)
    }

    @Test func `a pod without IPv6 is captured by what it has`() throws {
        try lab.pod.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
        try network.capture(Redirection())
        #expect(try network.inspect(Redirection()) == .inOrder)
        try network.release()
        #expect(try network.inspect(Redirection()) == .untouched)
    }

    // MARK: What happens to connections

    @Test(arguments: PodLab.Family.allCases)
    func `a new connection is led to the proxy, and the application sees its caller`(family: PodLab.Family) throws {
        let server = try lab.listen(in: lab.pod), farServer = try lab.listen(in: lab.peer)
        let proxy = try lab.startProxy()
        try network.capture(Redirection())

        let outward = try lab.call(from: lab.pod, to: family.peer)
        #expect(outward.line() == "talking \(family.pod)")
        #expect(proxy.line() == "outbound \(family.peer) \(PodLab.port)")

        let inward = try lab.call(from: lab.peer, to: family.pod)
        #expect(inward.line() == "talking \(family.peer)")
        #expect(proxy.line() == "inbound \(family.pod) \(PodLab.port)")

        for call in [outward, inward] { try expectProgress(of: call) }
        withExtendedLifetime((server, farServer)) {}
    }

    @Test(arguments: PodLab.Family.allCases)
    func `connections older than the rules go on through enrolment and release`(family: PodLab.Family) throws {
        let server = try lab.listen(in: lab.pod), farServer = try lab.listen(in: lab.peer)
        let proxy = try lab.startProxy()
        let calls = [try lab.call(from: lab.pod, to: family.peer), try lab.call(from: lab.peer, to: family.pod)]
        for call in calls { #expect(call.line()?.hasPrefix("talking") == true) }

        for change in [
            { try network.capture(Redirection()) }, { try network.capture(Redirection()) }, network.drain,
            network.release, { try network.capture(Redirection()) },
        ] {
            try change()
            for call in calls { try expectProgress(of: call) }
        }
        for call in calls { try expectEnd(of: call) }
        proxy.signal(SIGTERM)
        #expect(proxy.rest() == "", "the proxy saw none of it")
        withExtendedLifetime((server, farServer)) {}
    }

    @Test(arguments: PodLab.Family.allCases)
    func `connections older than the rules are counted, and no others`(family: PodLab.Family) throws {
        let server = try lab.listen(in: lab.pod), farServer = try lab.listen(in: lab.peer)
        let proxy = try lab.startProxy()
        let own = try lab.call(from: lab.pod, to: family.pod)
        #expect(own.line()?.hasPrefix("talking") == true)
        #expect(try network.olderConnections() == 0)
        let calls = [try lab.call(from: lab.pod, to: family.peer), try lab.call(from: lab.peer, to: family.pod)]
        for call in calls { #expect(call.line()?.hasPrefix("talking") == true) }
        try network.capture(Redirection())
        #expect(try network.olderConnections() == 2)
        let captured = [try lab.call(from: lab.pod, to: family.peer), try lab.call(from: lab.peer, to: family.pod)]
        for call in captured { #expect(call.line()?.hasPrefix("talking") == true) }
        #expect(try network.olderConnections() == 2)
        for (call, left) in zip(calls, [1, 0]) {
            try expectEnd(of: call)
            #expect(eventually { (try? network.olderConnections()) == left })
        }
        for call in captured { try expectProgress(of: call) }
        withExtendedLifetime((server, farServer, proxy, own)) {}
    }

    @Test(arguments: PodLab.Family.allCases)
    func `captured connections go on while a pod is drained, and no new one is captured`(family: PodLab.Family) throws {
        let server = try lab.listen(in: lab.pod), farServer = try lab.listen(in: lab.peer)
        let proxy = try lab.startProxy()
        try network.capture(Redirection())
        let calls = [try lab.call(from: lab.pod, to: family.peer), try lab.call(from: lab.peer, to: family.pod)]
        for call in calls {
            #expect(call.line()?.hasPrefix("talking") == true)
            #expect(proxy.line()?.contains("bound") == true)
        }
        #expect(try network.capturedConnections() >= 2)

        try network.drain()
        for call in calls { try expectProgress(of: call) }
        let direct = try lab.call(from: lab.pod, to: family.peer)
        #expect(direct.line()?.hasPrefix("talking") == true)
        for call in calls { try expectEnd(of: call) }
        #expect(try network.capturedConnections() == 0)

        try network.release()
        try expectProgress(of: direct)
        try expectEnd(of: direct)
        proxy.signal(SIGTERM)
        #expect(proxy.rest() == "", "the proxy saw nothing new")
        withExtendedLifetime((server, farServer)) {}
    }

    @Test(arguments: PodLab.Family.allCases)
    func `a connection may wait half closed for longer than conntrack usually remembers`(family: PodLab.Family) throws {
        for state in ["close_wait", "fin_wait"] {
            try lab.pod.run("sysctl", "-qw", "net.netfilter.nf_conntrack_tcp_timeout_\(state)=1")
        }
        let server = try lab.answerLate(in: lab.pod), farServer = try lab.answerLate(in: lab.peer)
        let proxy = try lab.startProxy()
        try network.capture(Redirection())
        let calls = [try lab.ask(from: lab.pod, family.peer), try lab.ask(from: lab.peer, family.pod)]
        for call in calls { #expect(call.line() == "answer to question") }
        withExtendedLifetime((server, farServer, proxy)) {}
    }

    @Test func `without a proxy nothing new gets through`() throws {
        let server = try lab.listen(in: lab.pod), farServer = try lab.listen(in: lab.peer)
        try network.capture(Redirection())
        #expect(try lab.call(from: lab.pod, to: "10.99.0.1").line()?.contains("Refused") == true)
        #expect(try lab.call(from: lab.peer, to: "10.99.0.2").line()?.contains("Refused") == true)
        withExtendedLifetime((server, farServer)) {}
    }

    @Test(arguments: ["plain", "signed"])
    func `a packet that makes conntrack know a connection opens no way past the proxy`(first: String) throws {
        let server = try lab.listen(in: lab.pod)
        let attempt = ["python3", Command.file("past_capture.py"), "10.99.0.1", "10.99.0.2", "\(PodLab.port)", first]
        #expect(try lab.peer.run(attempt) == "accepted\n", "before enrolment the port is open")
        try network.capture(Redirection())
        try letConntrackPickUp()
        #expect(try lab.peer.run(attempt) == "reset\n")
        withExtendedLifetime(server) {}
    }

    @Test(arguments: [("plain", "reset\n"), ("signed", "kept in\n")])
    func `nor does one open a way out`(first: String, end: String) throws {
        let farServer = try lab.listen(in: lab.peer)
        let attempt = ["python3", Command.file("past_capture.py"), "10.99.0.2", "10.99.0.1", "\(PodLab.port)", first]
        #expect(try lab.pod.run(attempt) == "accepted\n", "before enrolment the way is open")
        try network.capture(Redirection())
        try letConntrackPickUp()
        #expect(try lab.pod.run(attempt) == end)
        withExtendedLifetime(farServer) {}
    }

    @Test func `nobody outside gets to the proxy's outbound port`() throws {
        let proxy = try lab.startProxy()
        try network.capture(Redirection())
        try letConntrackPickUp()
        let attempt = ["python3", Command.file("past_capture.py"), "10.99.0.1", "10.99.0.2", "15001", "signed"]
        #expect(try lab.peer.run(attempt) == "reset\n")
        withExtendedLifetime(proxy) {}
    }

    /// As on a kernel that cannot be told otherwise: the rules do not rely on it.
    private func letConntrackPickUp() throws {
        #expect(try lab.pod.run("sysctl", "-n", "net.netfilter.nf_conntrack_tcp_loose") == "0\n")
        try lab.pod.run("sysctl", "-qw", "net.netfilter.nf_conntrack_tcp_loose=1")
    }
}
