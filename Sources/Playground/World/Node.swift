import Controller
import Foundation
import Mesh
import Reactor

/// One machine of the world: a network namespace with a bridge for its pods, a wire to the other nodes, a resolver, and the
/// mesh's two programs.
final class Node {
    let number: Int
    let name: String
    let namespace: String
    private let layout: Layout
    private let children: Children
    private let reactor: Reactor

    let resolver: Resolver
    private(set) var programs: [SupervisedProgram] = []
    private var log: LogTail
    /// What this node's ztunnel is to the cluster.
    let proxy: NodeProxyPod
    private var token: TokenFile
    private var appliedRules: ServiceTranslation?

    var linkAddress: IPAddress { AddressPlan.linkAddress(ofNode: number) }
    var gateway: IPAddress { AddressPlan.gateway(ofNode: number) }

    static func name(_ number: Int) -> String { "node-\(number)" }

    /// The namespace into which the nodes' wires lead.
    static func makeLink(_ layout: Layout, children: Children) throws {
        try children.willMake(namespace: layout.linkNamespace)
        try Command.run("ip", ["netns", "add", layout.linkNamespace])
        let address = "\(AddressPlan.controllerAddress)/\(AddressPlan.linkPrefixLength)"
        try Command.ip(
            batch: [
                "link set lo up", "link add nodes type bridge", "addr add \(address) dev nodes", "link set nodes up",
            ], inNamespace: layout.linkNamespace)
    }

    /// Makes the node and its wire. `count` nodes will be there.
    init(number: Int, of count: Int, layout: Layout, reactor: Reactor, children: Children, zone: DNSZone) throws {
        self.number = number
        self.layout = layout
        self.reactor = reactor
        self.children = children
        name = Self.name(number)
        namespace = layout.namespace(ofNode: name)
        log = LogTail(path: layout.log(of: "ztunnel", onNode: name))
        proxy = NodeProxyPod(node: name, address: AddressPlan.linkAddress(ofNode: number))
        token = TokenFile(path: layout.token(ofPod: proxy.name))
        try Self.makeNamespace(number: number, of: count, layout: layout, children: children)
        let opened = try NetworkNamespace(path: "\(Layout.namespaces)/\(namespace)")
        resolver = try Resolver(
            on: AddressPlan.gateway(ofNode: number), in: opened, zone: zone, reactor: reactor)
        for folder in [layout.podFiles(ofNode: name), layout.podStatuses(ofNode: name)] {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
    }

    /// The last one matters where br_netfilter is loaded, and is not there otherwise: a packet translated to another pod on
    /// the bridge would be bridged there and then instead of routed, and one to its own sender dropped.
    private static let settings = [
        "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0",
        "net.ipv4.conf.all.send_redirects=0", "net.bridge.bridge-nf-call-iptables=0",
    ]

    private static func makeNamespace(number: Int, of count: Int, layout: Layout, children: Children) throws {
        let name = name(number)
        let namespace = layout.namespace(ofNode: name)
        let link = layout.linkNamespace
        try children.willMake(namespace: namespace)
        try Command.run("ip", ["netns", "add", namespace])
        try Command.ip(batch: ["link add \(name) netns \(link) type veth peer name eth0 netns \(namespace)"])
        try Command.ip(
            batch: [
                "link set \(name) master nodes up",
                "route add \(AddressPlan.podNetwork(ofNode: number)) via \(AddressPlan.linkAddress(ofNode: number))",
            ], inNamespace: link)
        let others = (1...count).filter { $0 != number }
        try Command.ip(
            batch: [
                "link set lo up",
                "addr add \(AddressPlan.linkAddress(ofNode: number))/\(AddressPlan.linkPrefixLength) dev eth0",
                "link set eth0 up",
                "link add pods address \(AddressPlan.gatewayHardwareAddress) type bridge",
                "addr add \(AddressPlan.gateway(ofNode: number))/\(AddressPlan.podPrefixLength) dev pods",
                "link set pods up",
            ]
                + others.map {
                    "route add \(AddressPlan.podNetwork(ofNode: $0)) via \(AddressPlan.linkAddress(ofNode: $0))"
                }, inNamespace: namespace)
        try Command.run("ip", ["netns", "exec", namespace, "sysctl", "-q", "-e", "-w"] + settings)
    }

    // MARK: Programs

    /// Starts the mesh's programs, which stand beside the playground's own.
    func startPrograms(from folder: String, threads: Int, changed: @escaping () -> Void) {
        let agent = program(
            "node-agent", folder,
            arguments: [
                "--node-name", name, "--pods", layout.podFiles(ofNode: name),
                "--status", layout.podStatuses(ofNode: name), "--zds-socket", layout.zdsSocket(ofNode: name),
                "--log-format", "json",
            ], environment: [:], changed)
        let ztunnel = program(
            "ztunnel", folder, arguments: [],
            environment: proxy.environment.merging(
                RunningController.environment(ofProxyWithToken: token.path, layout: layout)
            ) { $1 }.merging([
                "INPOD_UDS": layout.zdsSocket(ofNode: name), "ZTUNNEL_WORKER_THREADS": String(threads),
                "LOG_FORMAT": "json",
            ]) { $1 }, changed)
        programs = [agent, ztunnel]
        for program in programs { program.start() }
    }

    private func program(
        _ name: String, _ folder: String, arguments: [String], environment: [String: String],
        _ changed: @escaping () -> Void
    ) -> SupervisedProgram {
        let program = Program(
            namespace: namespace, command: ["\(folder)/\(name)"] + arguments,
            environment: Command.environment.merging(environment) { $1 }, log: layout.log(of: name, onNode: self.name))
        return SupervisedProgram(name, program, reactor: reactor, children: children, changed: changed)
    }

    /// This node's ztunnel as a pod of the cluster.
    var proxyPod: Kubernetes.Pod { proxy.object(isRunning: programs.contains { $0.name == "ztunnel" && $0.isRunning }) }

    func renewToken(by issuer: TokenIssuer, now: Int) throws {
        try token.renew(for: proxyPod, by: issuer, now: now)
    }

    func stopPrograms(graceMilliseconds: UInt64) {
        for program in programs { program.stop(graceMilliseconds: graceMilliseconds) }
    }

    /// What this node's ztunnel reported since.
    func newRecords() -> [AccessRecord] {
        log.lines().compactMap { AccessRecord(line: $0) }
    }

    // MARK: Services

    /// Puts the rules for clients outside the mesh in force, if they are not already.
    func apply(_ rules: ServiceTranslation) throws {
        guard rules != appliedRules else { return }
        let path = layout.serviceRules(ofNode: name)
        try rules.script.write(toFile: path, atomically: true, encoding: .utf8)
        try Command.run("ip", ["netns", "exec", namespace, "nft", "-f", path])
        appliedRules = rules
    }
}
