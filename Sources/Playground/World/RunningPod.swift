import Controller
import Foundation
import Glibc
import Mesh
import Reactor

/// A pod as it is: a network namespace with one link to its node, and the processes of its containers.
///
/// Its life: namespace → enrolment, if the mesh is to have it → init containers, one after the other → containers, until it
/// is told to leave → nothing. Containers start once the pod is captured, as they do behind a CNI plugin, so that no first
/// connection goes around the mesh; a pod that is enrolled later keeps its processes.
final class RunningPod {
    enum Phase: Hashable { case waiting, initialising(Int), running, leaving, gone }
    /// `withdrawn`: the agent has not said yet that it takes plaintext beside tunnels again.
    enum Capture: Hashable { case outside, requested(String), joining, enabled, failed(String), withdrawn, releasing }

    /// Long enough for connections to drain, and short for somebody who waits at a terminal.
    private static let releaseLimitMilliseconds: UInt64 = 10_000
    private static let graceLimitMilliseconds: UInt64 = 3_000

    let owner: PodPlan.Owner
    let revision: String
    let node: Node
    /// Where its network is; a pod on its host's network shares the node's.
    let namespace: String
    /// Where its manifests are, and its containers run.
    private let directory: String
    private let layout: Layout
    private let reactor: Reactor
    private let children: Children
    private let files: EnrolmentFiles
    private let changed: () -> Void

    private(set) var pod: Kubernetes.Pod
    private(set) var phase = Phase.waiting
    private(set) var capture = Capture.outside
    private(set) var olderConnections = 0
    private var tokens: [TokenFile]
    private var releaseDeadline: UInt64 = 0
    private(set) var containers: [RunningContainer] = []
    private var initContainers: [SupervisedProgram] = []

    var key: NamespacedName { pod.key }
    var uid: String { pod.metadata.uid }
    var address: IPAddress { pod.status.podIPs[0] }
    /// Whether the controller has made it for a Gateway.
    var isWaypoint: Bool { pod.metadata.labels[MeshLabel.managed] == WaypointObjects.managedValue }
    var isLeaving: Bool { phase == .leaving || phase == .gone }
    var restarts: Int { containers.reduce(0) { $0 + $1.program.restarts } }

    /// Makes the pod's network.
    init(
        _ pod: Kubernetes.Pod, owner: PodPlan.Owner, revision: String, node: Node, directory: String, layout: Layout,
        reactor: Reactor, children: Children, zone: DNSZone, changed: @escaping () -> Void
    ) throws {
        self.pod = pod
        self.owner = owner
        self.revision = revision
        self.node = node
        self.directory = directory
        self.layout = layout
        self.reactor = reactor
        self.children = children
        self.changed = changed
        tokens = PodTokens.files(of: pod, in: layout.files(ofPod: pod.key))
        files = EnrolmentFiles(layout: layout, node: node.name)
        namespace = pod.spec.hostNetwork ? node.namespace : layout.namespace(ofPod: pod.metadata.uid)
        guard !pod.spec.hostNetwork else { return }
        try writeNameFiles(zone)
        try makeNetwork()
    }

    // MARK: Network

    /// Every packet goes by way of the node, even to a pod beside it, so that what the node translates on the way there it
    /// translates on the way back.
    private func makeNetwork() throws {
        try children.willMake(namespace: namespace)
        try Command.run("ip", ["netns", "add", namespace])
        let link = "p" + Layout.short(uid)
        try Command.ip(batch: ["link add \(link) netns \(node.namespace) type veth peer name eth0 netns \(namespace)"])
        try Command.ip(batch: ["link set \(link) master pods up"], inNamespace: node.namespace)
        try Command.ip(
            batch: [
                "link set lo up", "addr add \(address)/32 dev eth0", "link set eth0 up",
                "route add \(node.gateway) dev eth0 scope link", "route add default via \(node.gateway)",
            ], inNamespace: namespace)
    }

    private func removeNetwork() {
        guard !pod.spec.hostNetwork else { return }
        _ = try? Command.run("ip", ["netns", "delete", namespace])
        try? FileManager.default.removeItem(atPath: "\(Layout.namespaceFiles)/\(namespace)")
    }

    /// What programs in the pod find in `/etc`.
    private func writeNameFiles(_ zone: DNSZone) throws {
        let folder = "\(Layout.namespaceFiles)/\(namespace)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let resolver = zone.resolverConfiguration(namespace: pod.metadata.namespace, nameserver: node.gateway)
        try resolver.write(toFile: "\(folder)/resolv.conf", atomically: true, encoding: .utf8)
        let hosts = "127.0.0.1 localhost\n::1 localhost\n\(address) \(pod.metadata.name)\n"
        try hosts.write(toFile: "\(folder)/hosts", atomically: true, encoding: .utf8)
    }

    // MARK: Its life, looked at several times a second

    /// Takes over what may change in a pod that runs: its labels and annotations.
    func relabel(_ metadata: Kubernetes.ObjectMeta) {
        var labels = metadata.labels
        labels[MeshLabel.podTemplateHash] = pod.metadata.labels[MeshLabel.podTemplateHash]
        pod.metadata.labels = labels
        pod.metadata.annotations = metadata.annotations
        showCapture()
    }

    /// - Parameter isWanted: whether the mesh is to have this pod.
    func step(isWanted: Bool) {
        stepCapture(isWanted: isWanted && !isLeaving)
        switch phase {
        case .waiting:
            if !isWanted || capture == .enabled { initialise(0) }
        case .leaving:
            stepLeaving()
        case .initialising, .running, .gone: break
        }
    }

    private func stepCapture(isWanted: Bool) {
        let before = capture
        switch (capture, isWanted) {
        case (.outside, true): request()
        case (.outside, false): break
        case (.requested, true), (.failed, true), (.joining, true), (.enabled, true): capture = answered()
        case (.requested, false), (.failed, false), (.joining, false), (.enabled, false):
            files.withdraw(uid)
            olderConnections = 0
            capture = takesTunnels ? .withdrawn : .releasing
        case (.withdrawn, _), (.releasing, _):
            let answer = files.answer(uid)?.state
            if answer == .releasing { capture = .releasing }
            // A pod that goes on living may drain as long as the agent lets it; one that leaves, not so long.
            let isOverdue = isLeaving && reactor.nowNanoseconds > releaseDeadline
            let isOver = answer == nil || answer == .released || isOverdue
            if isOver { capture = .outside }
        }
        guard capture != before else { return }
        showCapture()
        changed()
    }

    private func request() {
        do {
            try files.request(pod, namespacePath: "\(Layout.namespaces)/\(namespace)")
            capture = .requested("asked the node's agent")
        } catch {
            capture = .failed("the request could not be written: \(error)")
        }
    }

    private func answered() -> Capture {
        guard let answer = files.answer(uid) else { return .requested("the node's agent has not answered") }
        olderConnections = answer.olderConnections ?? 0
        switch answer.state {
        case .joining: return .joining
        case .enabled: return .enabled
        case .failed: return .failed(answer.message ?? "")
        case .pending, .releasing, .released: return .requested(answer.message ?? answer.state.rawValue)
        }
    }

    /// Also as long as it may take nothing else.
    private var takesTunnels: Bool { [.joining, .enabled, .withdrawn].contains(capture) }

    /// The annotation that tells a controller so.
    private func showCapture() {
        pod.metadata.annotations[MeshAnnotation.redirection] = takesTunnels ? "enabled" : nil
    }

    /// Writes the tokens that are mounted into it, and renews them. Before its first step they are not there.
    func renewTokens(by issuer: TokenIssuer, now: Int) throws {
        for index in tokens.indices { try tokens[index].renew(for: pod, by: issuer, now: now) }
    }

    // MARK: Containers

    private func initialise(_ index: Int) {
        guard index < pod.spec.initContainers.count else { return run() }
        phase = .initialising(index)
        let container = pod.spec.initContainers[index]
        let program = SupervisedProgram(
            container.name, program(for: container), runsOnce: !container.restartsAlways, reactor: reactor,
            children: children
        ) { [weak self] in self?.initContainerChanged(index) }
        initContainers.append(program)
        program.start()
        changed()
    }

    private func initContainerChanged(_ index: Int) {
        changed()
        guard phase == .initialising(index) else { return }
        let restartsAlways = pod.spec.initContainers[index].restartsAlways
        let program = initContainers[index]
        if program.state == .completed || restartsAlways && program.isRunning { initialise(index + 1) }
    }

    private func run() {
        phase = .running
        containers = pod.spec.containers.map { container in
            RunningContainer(
                container, in: pod, program: program(for: container), reactor: reactor, children: children
            ) { [weak self] in self?.containerChanged() }
        }
        for container in containers { container.program.start() }
        pod.status.phase = .running
        containerChanged()
    }

    private func containerChanged() {
        pod.status.isReady = phase == .running && containers.allSatisfy(\.isReady)
        changed()
    }

    private func program(for container: Kubernetes.Container) -> Program {
        let environment = environment(of: container)
        return Program(
            namespace: namespace, hostname: pod.spec.hostNetwork ? nil : pod.metadata.name,
            command: ContainerCommand.arguments(of: container, environment: environment),
            environment: environment, directory: workingDirectory(of: container),
            log: layout.log(ofContainer: container.name, pod: key))
    }

    func environment(of container: Kubernetes.Container) -> [String: String] {
        ContainerCommand.environment(
            of: container, in: pod, hostIP: node.linkAddress.description, defaults: Command.environment)
    }

    func workingDirectory(of container: Kubernetes.Container?) -> String {
        guard let folder = container?.workingDir, !folder.isEmpty else { return directory }
        return folder.hasPrefix("/") ? folder : "\(directory)/\(folder)"
    }

    // MARK: Leaving

    func leave() {
        guard !isLeaving else { return }
        phase = .leaving
        releaseDeadline = reactor.nowNanoseconds + Self.releaseLimitMilliseconds * 1_000_000
        pod.metadata.deletionTimestamp = Kubernetes.Timestamp(secondsSinceEpoch: time(nil))
        pod.status.isReady = false
        let grace = min(UInt64(max(0, pod.spec.terminationGracePeriodSeconds)) * 1_000, Self.graceLimitMilliseconds)
        for program in initContainers + containers.map(\.program) { program.stop(graceMilliseconds: grace) }
        for container in containers { container.stop() }
        changed()
    }

    private func stepLeaving() {
        guard (initContainers + containers.map(\.program)).allSatisfy(\.isGone), capture == .outside else { return }
        removeNetwork()
        phase = .gone
        changed()
    }
}
