import Discovery
import Foundation
import Glibc
import Mesh
import Testing

/// A small mesh of our real binaries in network namespaces: two nodes, and pods on them.
///
///     pods --- bridge [node 1] --- link --- [node 2] bridge --- pods
///
/// One at a time in a test process; several processes do not meet. `close` removes all; what a process left that was killed,
/// the next one removes.
final class NamespaceMesh {
    private static let familyPrefix = "slb-test-"
    /// What the names of all namespaces of this process begin with.
    static let prefix = "\(familyPrefix)\(getpid())-"

    let directory: URL
    let nodes: [MeshNode]
    private(set) var pods: [MeshPod] = []
    private var programs: [Program] = []
    private var proxies: [String: DedicatedProxy] = [:]

    /// What the proxies are told besides the pods. Changes take effect with `publish`.
    var policies: [AuthorizationPolicy] = []
    var services: [Service] = []
    /// Adjusts workloads before they are published: service membership, policies that select them.
    var adjust: (inout Workload) -> Void = { _ in }

    /// Whether a control plane configures the proxies and signs their certificates, rather than files.
    var isControlled = false
    private(set) var controlPlane: ControlPlane?

    /// Whether our own controller does, from manifests: pods are told of by `publish`, everything else by the controller's
    /// `write`.
    var hasController = false
    /// Of its command line.
    var controllerOptions: [String] = []
    private(set) var controller: MeshController?

    /// - Parameter configure: called before anything is published or started.
    init(
        pods: [MeshPod] = [.client, .server, .neighbour, .outsider],
        configure: (NamespaceMesh) -> Void = { _ in }
    ) throws {
        try Self.checkBuilt("node-agent", "waypoint", "ztunnel")
        Self.removeLeftovers()
        directory = URL(filePath: "/tmp/\(Self.familyPrefix)\(getpid())")
        try? FileManager.default.removeItem(at: directory)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        nodes = try [1, 2].map { [directory] in try MeshNode($0, meshDirectory: directory) }
        try Command.succeed(Project.script("certificate_zoo") + [certificates])
        try buildNodes()
        for pod in pods { try addPod(pod) }
        configure(self)
        if isControlled { controlPlane = try ControlPlane(meshDirectory: directory) }
        if hasController { controller = try MeshController(meshDirectory: directory, nodes: nodes, controllerOptions) }
        try publish()
        if let controller {
            try Self.checkBuilt("controller")
            try controller.start()
            for node in nodes { node.environment.merge(controller.environment(of: node)) { given, _ in given } }
        }
        if let controlPlane {
            for node in nodes {
                node.environment.merge(controlPlane.environment) { $1 }
                try controlPlane.start(on: node)
            }
        }
        for node in nodes { try node.start() }
        for pod in pods where pod.isEnrolled && !pod.isDedicated { try enrol(pod) }
        for pod in pods where pod.isEnrolled && pod.isDedicated {
            let proxy = try proxy(of: pod)
            try proxy.start()
            try proxy.awaitReady()
            try proxy.capture()
        }
    }

    private static func checkBuilt(_ programs: String...) throws {
        for name in programs where !FileManager.default.isExecutableFile(atPath: Project.binary(name)) {
            throw Command.Failure(description: "not built: \(Project.binary(name))")
        }
    }

    deinit { close() }

    func close() {
        for program in programs { program.kill() }
        controller?.stop()
        for node in nodes {
            node.stop()
            controlPlane?.stop(on: node)
        }
        for proxy in proxies.values { proxy.stop() }
        Self.removeLeftovers()
        keepLogs()
        try? FileManager.default.removeItem(at: directory)
    }

    /// For whoever has to find out why a scenario failed: `SLIPSTREAM_SCENARIO_LOGS` names a folder for all that was written.
    private func keepLogs() {
        guard let folder = ProcessInfo.processInfo.environment["SLIPSTREAM_SCENARIO_LOGS"] else { return }
        let scenario = "\(folder)/\(Test.current?.name ?? "unknown")"
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        _ = try? Command.run(["cp", "--recursive", "--no-target-directory", directory.path, scenario])
    }

    /// Of `Tests/Support/certificate_zoo.py`.
    var certificates: String { directory.appending(path: "certificates").path }

    func node(of pod: MeshPod) -> MeshNode { nodes[pod.node - 1] }

    /// The ztunnel that a machine has of its own.
    func proxy(of pod: MeshPod) throws -> DedicatedProxy {
        if let proxy = proxies[pod.name] { return proxy }
        let proxy = try DedicatedProxy(of: pod, meshDirectory: directory)
        proxies[pod.name] = proxy
        return proxy
    }

    /// Whether a namespace is ours to remove: this process made it, or one that lives no more.
    static func isLeftover(_ name: some StringProtocol) -> Bool {
        guard name.hasPrefix(familyPrefix),
            let owner = name.dropFirst(familyPrefix.count).split(separator: "-").first.flatMap({ pid_t($0) })
        else { return false }
        return owner == getpid() || Glibc.kill(owner, 0) != 0
    }

    // MARK: - Configuration

    /// Writes what the proxies read, by replacing the file.
    func publish() throws {
        if let controller { return try controller.tell(pods) }
        let workloads = pods.map { pod in
            var workload = pod.workload
            adjust(&workload)
            return workload
        }
        let configuration = MeshConfiguration(workloads: workloads, services: services, policies: policies)
        if let controlPlane { return try controlPlane.tell(configuration) }
        try Data(StaticConfiguration.render(configuration).utf8).write(
            to: directory.appending(path: "mesh.yaml"), options: .atomic)
    }

    func enrol(_ pod: MeshPod) throws {
        let node = node(of: pod)
        try node.enrol(pod)
        try eventually("\(pod.name) is enrolled; the agent says \(node.state(of: pod) ?? "nothing")") {
            node.state(of: pod) == "enabled"
        }
    }

    func release(_ pod: MeshPod) throws {
        try node(of: pod).release(pod)
    }

    /// Brings a pod in as whoever labels it does: the proxies are told once its agent says that it takes tunnels.
    func label(_ pod: MeshPod) throws {
        let node = node(of: pod)
        try node.enrol(pod)
        try eventually("\(pod.name) takes tunnels; the agent says \(node.state(of: pod) ?? "nothing")") {
            ["joining", "enabled"].contains(node.state(of: pod))
        }
        try setEnrolled(pod, true)
        try eventually("\(pod.name) is enrolled; the agent says \(node.state(of: pod) ?? "nothing")") {
            node.state(of: pod) == "enabled"
        }
    }

    /// Lets a pod go as whoever takes its label away does: the proxies are told once nothing new is captured.
    func unlabel(_ pod: MeshPod) throws {
        let node = node(of: pod)
        try node.release(pod)
        try eventually("\(pod.name) leaves; the agent says \(node.state(of: pod) ?? "nothing")") {
            [nil, "releasing", "released"].contains(node.state(of: pod))
        }
        try setEnrolled(pod, false)
        try eventually("\(pod.name) has left; the agent says \(node.state(of: pod) ?? "nothing")", withinSeconds: 40) {
            [nil, "released"].contains(node.state(of: pod))
        }
    }

    /// Whether a pod is in the mesh according to what the proxies are told, which `enrol` and `release` do not change.
    func setEnrolled(_ pod: MeshPod, _ isEnrolled: Bool) throws {
        guard let index = pods.firstIndex(where: { $0.name == pod.name }) else { return }
        pods[index].isEnrolled = isEnrolled
        try publish()
    }

    // MARK: - Pods

    func addPod(_ pod: MeshPod) throws {
        pods.append(pod)
        try buildPod(pod)
    }

    /// As a container runtime does it: the link goes, and the namespace's name; who has it open keeps the rest.
    func removePod(_ pod: MeshPod) throws {
        try deletePod(pod)
        try publish()
    }

    /// As `removePod`; the proxies are not told.
    func deletePod(_ pod: MeshPod) throws {
        pods.removeAll { $0.name == pod.name }
        try unlinkPod(pod)
        try Command.succeed(["ip", "netns", "delete", pod.namespaceName])
    }

    @discardableResult
    func run(in pod: MeshPod, _ command: [String], timeoutSeconds: Double = 60) throws -> Command.Outcome {
        try Command.run(["ip", "netns", "exec", pod.namespaceName] + command, timeoutSeconds: timeoutSeconds)
    }

    /// Starts a program in a pod; its output goes to a file named for the pod and the label.
    func start(in pod: MeshPod, _ label: String, _ command: [String]) throws -> Program {
        let output = directory.appending(path: "\(pod.name)-\(label).log").path
        let program = try Program(
            ["ip", "netns", "exec", pod.namespaceName] + command, output: output, errors: output)
        programs.append(program)
        return program
    }

    func output(of pod: MeshPod, _ label: String) throws -> String {
        try String(contentsOf: directory.appending(path: "\(pod.name)-\(label).log"), encoding: .utf8)
    }

    /// Starts `transfer.py serve`, under the pod's name, and waits until it listens.
    @discardableResult
    func serve(in pod: MeshPod, port: Int = 7000) throws -> Program {
        let label = "serve-\(port)"
        let program = try start(
            in: pod, label, Project.script("transfer") + ["serve", "0.0.0.0", "\(port)", "--name", pod.name])
        try eventually("\(pod.name) listens on \(port)") { try output(of: pod, label).contains("listening") }
        return program
    }
}
