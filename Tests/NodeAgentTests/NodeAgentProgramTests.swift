import Discovery
import Glibc
import Netlink
import Reactor
import TestNamespaces
import Testing

@testable import NodeAgent

/// The program with real pods, and a proxy that does what the test wants.
@Suite(.enabled(if: geteuid() == 0, "needs root"), .timeLimit(.minutes(3)))
struct NodeAgentProgramTests {
    let lab: PodLab
    let agent: AgentLab
    let network: PodNetwork
    let pod: PodRecord

    init() throws {
        lab = try PodLab()
        agent = try AgentLab()
        network = PodNetwork(namespace: try lab.pod.open(), visitor: try NamespaceVisitor())
        pod = PodRecord(
            uid: "u-1", name: "web", namespace: "shop", serviceAccount: "cart", networkNamespacePath: lab.pod.path,
            ips: [])
    }

    private var addition: ZDSRequest {
        .add(uid: "u-1", ZDSPod(name: "web", namespace: "shop", serviceAccount: "cart"))
    }

    // MARK: Coming in

    @Test func `a pod is captured once the proxy has its namespace and has acknowledged`() throws {
        try agent.startAgent()
        let proxy = try agent.connect()
        try proxy.greet()
        #expect(try proxy.takeSnapshot() == [.snapshotSent])

        try agent.write(pod)
        let (request, namespace) = try #require(try proxy.next())
        #expect(request == addition)
        #expect(try #require(namespace) == network.namespace)
        #expect(agent.wait(for: "u-1", .pending)?.message == "waiting for the node proxy")
        #expect(try network.inspect(Redirection()) == .untouched)

        try proxy.acknowledge()
        #expect(agent.wait(for: "u-1", .enabled) == PodStatus(uid: "u-1", state: .enabled, olderConnections: 0))
        #expect(try network.inspect(Redirection()) == .inOrder)
    }

    @Test func `a pod that the proxy refuses stays as it was, and the reason can be read`() throws {
        try agent.write(pod)
        try agent.startAgent()
        let proxy = try agent.connect()
        try proxy.greet()
        #expect(try proxy.next()?.request == addition)
        try proxy.acknowledge(error: "no certificate")
        #expect(eventually { agent.status("u-1")?.message == "the node proxy refused: no certificate" })
        #expect(try proxy.next()?.request == .snapshotSent)
        try proxy.acknowledge()
        // It is asked again.
        #expect(try proxy.next()?.request == addition)
        try proxy.acknowledge()
        #expect(agent.wait(for: "u-1", .enabled)?.state == .enabled)
    }

    @Test func `a file that is wrong is told by its status, and disturbs no other pod`() throws {
        try Directory.replace("u-2.json", in: agent.pods, with: Array(#"{"uid":"u-2","network":"x"}"#.utf8))
        try Directory.replace("notes.txt", in: agent.pods, with: [])
        try agent.write(pod)
        try agent.startAgent()
        #expect(agent.wait(for: "u-2", .failed)?.message.contains("network") == true)
        let proxy = try agent.connect()
        try proxy.greet()
        #expect(try proxy.takeSnapshot() == [addition, .snapshotSent])
        #expect(agent.wait(for: "u-1", .enabled)?.state == .enabled)
        // Once captured, a file that goes wrong changes nothing.
        try Directory.replace("u-1.json", in: agent.pods, with: Array("{".utf8))
        #expect(try proxy.isSilent())
        #expect(agent.status("u-1")?.state == .enabled)
    }

    @Test func `a namespace that is not there yet is waited for`() throws {
        var early = pod
        early.networkNamespacePath = "\(agent.directory)/later"
        try agent.write(early)
        try agent.startAgent()
        #expect(agent.wait(for: "u-1", .failed)?.message == "\(agent.directory)/later: No such file or directory")
        try Command.run("ln", "-s", lab.pod.path, early.networkNamespacePath)
        #expect(agent.wait(for: "u-1", .pending)?.state == .pending)
    }

    // MARK: Staying in

    @Test func `neither a new proxy nor a new agent touches the rules of a pod that is in order`() throws {
        let proxy = try enrol()
        let rules = try lab.pod.run("nft", "-a", "list", "ruleset")
        let next = try agent.connect()
        try next.greet()
        #expect(try next.takeSnapshot() == [addition, .snapshotSent])
        #expect(try lab.pod.run("nft", "-a", "list", "ruleset") == rules)

        #expect(agent.stopAgent(SIGKILL) == 128 + SIGKILL)
        #expect(try network.inspect(Redirection()) == .inOrder)
        try agent.startAgent()
        #expect(agent.status("u-1")?.state == .enabled)
        let last = try agent.connect()
        try last.greet()
        #expect(try last.takeSnapshot() == [addition, .snapshotSent])
        #expect(try lab.pod.run("nft", "-a", "list", "ruleset") == rules)
        withExtendedLifetime(proxy) {}
    }

    @Test func `rules that somebody else changes are put right`() throws {
        let proxy = try enrol()
        try lab.pod.run("nft", "flush", "table", "inet", "slipstream")
        #expect(eventually(withinSeconds: 20) { (try? network.inspect(Redirection())) == .inOrder })
        #expect(agent.status("u-1")?.state == .enabled)
        withExtendedLifetime(proxy) {}
    }

    /// A runtime makes a pod's sandbox anew under the same name: same uid, same path, another network.
    @Test func `a pod whose namespace was replaced is captured in the new one`() throws {
        var renewed = pod
        renewed.networkNamespacePath = "\(agent.directory)/namespace"
        try Command.run("ln", "-s", lab.pod.path, renewed.networkNamespacePath)
        try agent.write(renewed)
        try agent.startAgent()
        let proxy = try agent.connect()
        try proxy.greet()
        #expect(try proxy.takeSnapshot() == [addition, .snapshotSent])
        #expect(agent.wait(for: "u-1", .enabled)?.state == .enabled)

        try Command.run("ln", "-s", "-n", "-f", lab.peer.path, renewed.networkNamespacePath)
        #expect(try proxy.next()?.request == .del(uid: "u-1"))
        try proxy.acknowledge()
        let (request, namespace) = try #require(try proxy.next())
        #expect(request == addition)
        let other = try lab.peer.open()
        #expect(try #require(namespace) == other)
        try proxy.acknowledge()
        #expect(agent.wait(for: "u-1", .enabled)?.state == .enabled)
        #expect(
            try PodNetwork(namespace: other, visitor: try NamespaceVisitor()).inspect(Redirection()) == .inOrder)
        #expect(try network.inspect(Redirection()) == .untouched)
    }

    @Test func `a pod's new settings take effect without a release`() throws {
        let proxy = try enrol()
        var ingress = pod
        ingress.bypassesInboundCapture = true
        try agent.write(ingress)
        #expect(try proxy.next()?.request == addition)
        try proxy.acknowledge()
        #expect(try network.inspect(Redirection(capturesInbound: false)) == .inOrder)
    }

    @Test func `an agent that ends leaves its pods captured`() throws {
        let proxy = try enrol()
        #expect(agent.stopAgent() == 0)
        #expect(try network.inspect(Redirection()) == .inOrder)
        withExtendedLifetime(proxy) {}
    }

    // MARK: Leaving

    @Test(arguments: PodLab.Family.allCases)
    func `a pod leaves when its captured connections have ended, and not before`(family: PodLab.Family) throws {
        let server = try lab.listen(in: lab.pod), farServer = try lab.listen(in: lab.peer)
        let older = try lab.call(from: lab.pod, to: family.peer)
        #expect(older.line()?.hasPrefix("talking") == true)
        let standIn = try lab.startProxy()
        let proxy = try enrol()
        let captured = [try lab.call(from: lab.pod, to: family.peer), try lab.call(from: lab.peer, to: family.pod)]
        for call in captured { #expect(call.line()?.hasPrefix("talking") == true) }
        for _ in captured { #expect(standIn.line()?.contains("bound") == true) }

        try agent.remove("u-1")
        #expect(agent.wait(for: "u-1", .releasing)?.state == .releasing)
        #expect(eventually { (try? network.inspect(Redirection())) == .draining })
        #expect(try proxy.isSilent(), "the proxy still serves what it has")
        for call in captured + [older] { try expectProgress(of: call) }
        for call in captured { try expectEnd(of: call) }

        #expect(try proxy.next()?.request == .del(uid: "u-1"))
        #expect(try network.inspect(Redirection()) == .draining, "until the proxy has let go")
        try proxy.acknowledge()
        #expect(agent.wait(for: "u-1", .released)?.state == .released)
        #expect(try network.inspect(Redirection()) == .untouched)
        try expectProgress(of: older)
        try expectEnd(of: older)
        withExtendedLifetime((server, farServer)) {}
    }

    @Test func `a connection that does not end is cut at the deadline`() throws {
        let farServer = try lab.listen(in: lab.peer)
        let standIn = try lab.startProxy()
        let proxy = try enrol("--drain-deadline", "1")
        let call = try lab.call(from: lab.pod, to: "10.99.0.1")
        #expect(call.line()?.hasPrefix("talking") == true)
        try agent.remove("u-1")
        #expect(try proxy.next()?.request == .del(uid: "u-1"))
        try proxy.acknowledge()
        #expect(agent.wait(for: "u-1", .released)?.state == .released)
        #expect(call.line()?.contains("failed") == true)
        withExtendedLifetime((farServer, standIn)) {}
    }

    @Test func `a pod that comes back while it leaves is released first and captured again`() throws {
        let farServer = try lab.listen(in: lab.peer)
        let standIn = try lab.startProxy()
        let proxy = try enrol()
        let call = try lab.call(from: lab.pod, to: "10.99.0.1")
        #expect(call.line()?.hasPrefix("talking") == true)
        try agent.remove("u-1")
        #expect(agent.wait(for: "u-1", .releasing)?.state == .releasing)
        try agent.write(pod)
        #expect(try proxy.isSilent())
        try expectEnd(of: call)
        #expect(try proxy.next()?.request == .del(uid: "u-1"))
        try proxy.acknowledge()
        #expect(try proxy.next()?.request == addition)
        try proxy.acknowledge()
        #expect(agent.wait(for: "u-1", .enabled)?.state == .enabled)
        #expect(try network.inspect(Redirection()) == .inOrder)
        withExtendedLifetime((farServer, standIn)) {}
    }

    @Test func `a pod whose file went while no agent was there is released by the next one`() throws {
        _ = try enrol()
        _ = agent.stopAgent(SIGKILL)
        try agent.remove("u-1")
        try agent.startAgent()
        #expect(agent.wait(for: "u-1", .released)?.state == .released)
        #expect(try network.inspect(Redirection()) == .untouched)
    }

    @Test func `an agent releases its pods when it ends, if it was told to`() throws {
        let before = try lab.stateOfPod()
        let proxy = try enrol("--release-on-exit")
        agent.signalAgent(SIGTERM)
        #expect(try proxy.next()?.request == .del(uid: "u-1"))
        try proxy.acknowledge()
        #expect(agent.stopAgent(0) == 0)
        #expect(try lab.stateOfPod() == before)
        #expect(agent.status("u-1")?.state == .released)
    }

    // MARK: Peers and surroundings

    @Test func `the newest proxy is given what comes, and all are told what goes`() throws {
        let old = try enrol()
        let new = try agent.connect()
        try new.greet()
        #expect(try new.takeSnapshot() == [addition, .snapshotSent])
        let second = try TestNamespace("second")
        var other = pod
        other.uid = "u-2"
        other.networkNamespacePath = second.path
        try agent.write(other)
        guard case .add(uid: "u-2", _)? = try new.next()?.request else { throw Command.Failure("not told") }
        #expect(try old.isSilent())
        try new.acknowledge()
        try agent.remove("u-2")
        for proxy in [old, new] { #expect(try proxy.next()?.request == .del(uid: "u-2")) }
        try old.acknowledge()
        #expect(agent.status("u-2")?.state == .releasing)
        try new.acknowledge()
        #expect(agent.wait(for: "u-2", .released)?.state == .released)
    }

    @Test(
        arguments: [
            [0x08, 0x07], [0xff, 0xff, 0xff], [UInt8](repeating: 0, count: 1024),
            [UInt8](repeating: 0x41, count: 60_000),
            [0x0a, 0x00],
        ] as [[UInt8]])
    func `garbage on the socket costs its sender the connection and nobody else anything`(garbage: [UInt8]) throws {
        let proxy = try enrol()
        let stranger = try agent.connect()
        try stranger.say(garbage)
        #expect(try stranger.next() == nil)
        let late = try agent.connect()
        try late.greet()
        _ = try late.next()
        try late.say(garbage == [0x0a, 0x00] ? [0x41] : garbage)
        #expect(try late.next() == nil)
        try agent.remove("u-1")
        #expect(try proxy.next()?.request == .del(uid: "u-1"))
        #expect(agent.isRunning)
    }

    @Test func `two agents cannot have one socket, and a socket left behind is taken over`() throws {
        try agent.startAgent()
        let rival = try RunningProgram(agent.command())
        #expect(rival.rest().contains("another node agent listens there"))
        #expect(rival.wait() == 1)
        _ = agent.stopAgent(SIGKILL)
        try agent.startAgent()
        #expect(agent.isRunning)
    }

    @Test(arguments: [["--pods", "/nowhere"], ["--status", "/nowhere"], ["--zds-socket", "/nowhere/socket"]])
    func `an agent that cannot start says why, and exits with 1`(wrong: [String]) throws {
        let program = try RunningProgram(agent.command() + wrong)
        let text = program.rest()
        #expect(text.contains("/nowhere") && text.contains("No such file or directory"), "\(text)")
        #expect(program.wait() == 1)
    }

    // MARK: Steps

    /// An agent with one pod, enabled, and the proxy that has acknowledged it.
    private func enrol(_ arguments: String...) throws -> ScriptedProxy {
        try agent.write(pod)
        try agent.startAgent(arguments)
        let proxy = try agent.connect()
        try proxy.greet()
        #expect(try proxy.takeSnapshot() == [addition, .snapshotSent])
        #expect(agent.wait(for: "u-1", .enabled)?.state == .enabled)
        return proxy
    }
}
