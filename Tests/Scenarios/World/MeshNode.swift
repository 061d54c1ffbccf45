import Foundation

/// A node of a scenario: its namespace, its node-agent and its ztunnel.
final class MeshNode: ConnectionTeller {
    let number: Int
    let directory: URL
    private let meshDirectory: URL
    private(set) var agent: Program?
    private(set) var ztunnel: Program?
    /// Of ztunnel, besides what every scenario needs.
    var environment: [String: String] = [:]
    /// Of ztunnel; nil leaves it as it is.
    var openFilesLimit: Int?

    init(_ number: Int, meshDirectory: URL) throws {
        self.number = number
        self.meshDirectory = meshDirectory
        directory = meshDirectory.appending(path: "node-\(number)")
        for folder in ["pods", "status"] {
            try FileManager.default.createDirectory(
                at: directory.appending(path: folder), withIntermediateDirectories: true)
        }
    }

    var namespaceName: String { "\(NamespaceMesh.prefix)node-\(number)" }
    var gateway: String { "10.246.\(number).1" }
    var linkAddress: String { "172.30.246.\(number)" }

    func start() throws {
        try startAgent()
        try startZtunnel()
    }

    func startAgent() throws {
        let command = [
            "ip", "netns", "exec", namespaceName, Project.binary("node-agent"), "--node-name", "node-\(number)",
            "--pods", directory.appending(path: "pods").path, "--status", directory.appending(path: "status").path,
            "--zds-socket", zdsSocket,
        ]
        agent = try Program(command, output: log("node-agent"), errors: log("node-agent"))
    }

    func startZtunnel() throws {
        let environment = [
            "NODE_NAME": "node-\(number)", "LOCAL_XDS_PATH": meshDirectory.appending(path: "mesh.yaml").path,
            "SLIPSTREAM_CA_DIR": meshDirectory.appending(path: "certificates/authority").path, "INPOD_UDS": zdsSocket,
            "XDS_ADDRESS": "", "CA_ADDRESS": "", "ZTUNNEL_WORKER_THREADS": "2", "LOG_FORMAT": "json",
        ]
        let limit = openFilesLimit.map { ["prlimit", "--nofile=\($0):\($0)"] } ?? []
        let command = ["ip", "netns", "exec", namespaceName] + limit + [Project.binary("ztunnel")]
        ztunnel = try Program(
            command, environment: environment.merging(self.environment) { $1 }, output: log("ztunnel"),
            errors: log("ztunnel"))
    }

    func stop() {
        ztunnel?.kill()
        agent?.kill()
    }

    // MARK: - Pods

    func enrol(_ pod: MeshPod) throws {
        let entry: [String: Any] = [
            "uid": pod.uid, "name": pod.name, "namespace": pod.namespace, "serviceAccount": pod.serviceAccount,
            "netns": "/run/netns/\(pod.namespaceName)", "ips": [pod.address], "bypassInboundCapture": false,
        ]
        try JSONSerialization.data(withJSONObject: entry).write(to: podFile(pod), options: .atomic)
    }

    func release(_ pod: MeshPod) throws {
        try FileManager.default.removeItem(at: podFile(pod))
    }

    /// What the node-agent says of a pod: `enabled` and so on; nil when it says nothing.
    func state(of pod: MeshPod) -> String? { status(of: pod)?.state }

    struct PodStatus: Decodable {
        let state: String
        let olderConnections: Int?
    }

    func status(of pod: MeshPod) -> PodStatus? {
        let file = directory.appending(path: "status/\(pod.uid).json")
        guard let content = try? Data(contentsOf: file) else { return nil }
        return try? JSONDecoder().decode(PodStatus.self, from: content)
    }

    // MARK: - What is said

    func log(_ program: String) -> String { directory.appending(path: "\(program).log").path }

    var ztunnelLog: String { log("ztunnel") }

    private func podFile(_ pod: MeshPod) -> URL { directory.appending(path: "pods/\(pod.uid).json") }

    var zdsSocket: String { directory.appending(path: "zds.sock").path }
}
