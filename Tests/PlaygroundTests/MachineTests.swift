import Controller
import Foundation
import Glibc
import Mesh
import Reactor
import Testing

@testable import Playground

/// Nodes and pods on this machine, without the mesh's programs.
@Suite(.enabled(if: geteuid() == 0), .serialized, .timeLimit(.minutes(2)))
struct MachineTests {
    private let layout = Layout(root: "/run/slipt-\(getpid())", prefix: "slipt-")

    @Test func `what a killed world has left is found and removed`() throws {
        try FileManager.default.createDirectory(atPath: layout.root, withIntermediateDirectories: true)
        let namespace = layout.namespace(ofNode: "node-1")
        try Command.run("ip", ["netns", "add", namespace])
        let folder = "\(Layout.namespaceFiles)/\(namespace)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var launch = ChildProcess.Launch("/bin/sleep", ["1000"], environment: Command.environment)
        launch.isSessionLeader = true
        let journaled = try ChildProcess.spawn(launch)
        let ip = try #require(Command.find("ip"))
        let inhabitant = try ChildProcess.spawn(
            .init(ip, ["netns", "exec", namespace, "sleep", "1000"], environment: Command.environment))
        let journal = try Journal(path: layout.journal)
        try journal.write(.process(try #require(ProcessRecord(identifier: journaled.identifier))))

        #expect(Remains.remove(layout) == [])
        #expect(Remains.find(layout).isEmpty)
        #expect(!FileManager.default.fileExists(atPath: folder))
        #expect(try journaled.wait() == .killed(signal: SIGKILL))
        #expect(try inhabitant.wait() == .killed(signal: SIGKILL))
    }

    @Test func `a pod reaches services by name, on its node, on another, and itself`() throws {
        defer { _ = Remains.remove(layout) }
        let world = try SmallWorld(layout)
        let far = try world.addPod("far", node: 2, command: ["python3", "-m", "http.server", "8080"])
        let near = try world.addPod("near", node: 1, command: ["python3", "-m", "http.server", "8080"])
        let client = try world.addPod("client", node: 1, command: ["sleep", "1000"])
        try world.publish()
        for name in ["far", "far.shop", "far.shop.svc.cluster.local", "near"] {
            #expect(try world.ask(from: client, "http://\(name)/") == .exited(0), "\(name)")
        }
        // By a name that is not in the pod's own /etc/hosts.
        let itself = try world.ask(from: far, "http://far.shop/")
        #expect(itself == .exited(0))
        #expect(try world.ask(from: near, "http://\(far.address):8080/") == .exited(0))
        // curl(1): 6, the name is unknown; 7, refused at once.
        #expect(try world.ask(from: client, "http://nobody/") == .exited(6))
        #expect(try world.ask(from: client, "http://client/") == .exited(7))
    }
}

/// Two nodes, pods of one namespace, and for each pod a service of its name.
private final class SmallWorld {
    private let layout: Layout
    private let reactor: Reactor
    private let children: Children
    private var nodes: [Node] = []
    private var pods: [RunningPod] = []
    private var addresses = PodAddresses()

    init(_ layout: Layout) throws {
        self.layout = layout
        try FileManager.default.createDirectory(atPath: layout.podLogs, withIntermediateDirectories: true)
        reactor = Reactor(kernel: try LinuxKernel())
        children = Children(reactor: reactor, journal: try Journal(path: layout.journal))
        try Node.makeLink(layout, children: children)
        for number in 1...2 {
            nodes.append(
                try Node(
                    number: number, of: 2, layout: layout, reactor: reactor, children: children,
                    zone: DNSZone(domain: "cluster.local")))
        }
    }

    func addPod(_ name: String, node number: Int, command: [String]) throws -> RunningPod {
        var metadata = Kubernetes.ObjectMeta(name: name, namespace: "shop")
        metadata.uid = UUID().uuidString
        metadata.labels = ["app": name]
        var container = Kubernetes.Container(name: name)
        container.command = command
        var pod = Kubernetes.Pod(metadata: metadata, spec: .init(containers: [container]))
        let address = addresses.take(onNode: number)
        pod.status.podIPs = [try #require(address)]
        let running = try RunningPod(
            pod, owner: .init(.pod, pod.key), revision: "r", node: nodes[number - 1], directory: "/", layout: layout,
            reactor: reactor, children: children, zone: DNSZone(domain: "cluster.local")
        ) {}
        running.step(isWanted: false)
        pods.append(running)
        return running
    }

    /// Tells resolvers and nodes about the services; `client` is one without endpoints.
    func publish() throws {
        let services = pods.map { pod in
            var service = Kubernetes.Service(metadata: .init(name: pod.key.name, namespace: "shop"))
            service.selector = ["app": pod.key.name == "client" ? "nobody" : pod.key.name]
            service.ports = [.init(port: 80, targetPort: .number(8080))]
            return KubernetesObject.service(service)
        }
        var virtual = ServiceAddresses()
        let state = WorldState(user: services, nodes: [], pods: pods.map(\.pod), addresses: &virtual)
        for node in nodes {
            node.resolver.zone = state.zone(domain: "cluster.local")
            try node.apply(ServiceEndpoints.translation(services: state.services, slices: state.slices))
        }
    }

    /// How curl ends in a pod; asked again while the server has not begun to listen.
    func ask(from pod: RunningPod, _ url: String) throws -> ChildProcess.Ending? {
        var ending = try askOnce(from: pod, url)
        for _ in 0..<20 where ending == .exited(7) && !url.contains("client") {
            usleep(100_000)
            ending = try askOnce(from: pod, url)
        }
        return ending
    }

    private func askOnce(from pod: RunningPod, _ url: String) throws -> ChildProcess.Ending? {
        let program = Program(
            namespace: pod.namespace, command: ["curl", "-s", "-m", "3", "-o", "/dev/null", url],
            environment: Command.environment, log: "/dev/null")
        var ending: ChildProcess.Ending?
        children.run(program, limitMilliseconds: 5_000) { ending = $0 }
        while ending == nil {
            // Wakes the loop, which otherwise waits for a datagram.
            _ = reactor.after(milliseconds: 10) {}
            try reactor.runOnce()
            children.reap()
        }
        return ending
    }
}
