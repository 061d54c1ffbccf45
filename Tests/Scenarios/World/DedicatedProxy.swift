import Foundation

/// The ztunnel of one machine, in the machine's own namespace: no node-agent serves it, and its rules are loaded once.
final class DedicatedProxy: ConnectionTeller {
    private let pod: MeshPod
    private let meshDirectory: URL
    private let directory: URL
    private(set) var ztunnel: Program?

    init(of pod: MeshPod, meshDirectory: URL) throws {
        self.pod = pod
        self.meshDirectory = meshDirectory
        directory = meshDirectory.appending(path: "machine-\(pod.name)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    func start(_ changes: [String: String] = [:]) throws {
        let environment = [
            "PROXY_MODE": "dedicated", "PROXY_WORKLOAD_INFO": "\(pod.namespace)/\(pod.name)/\(pod.name)",
            "LOCAL_XDS_PATH": meshDirectory.appending(path: "mesh.yaml").path,
            "SLIPSTREAM_CA_DIR": meshDirectory.appending(path: "certificates/authority").path,
            "ZTUNNEL_WORKER_THREADS": "2", "LOG_FORMAT": "json",
        ]
        ztunnel = try Program(
            inside + [Project.binary("ztunnel")], environment: environment.merging(changes) { $1 },
            output: ztunnelLog, errors: ztunnelLog)
    }

    func stop() { ztunnel?.kill() }

    func awaitReady() throws {
        try eventually("the ztunnel of \(pod.name) is ready; it says \((try? readiness()) ?? "nothing")") {
            try readiness() == "200 ready\n"
        }
    }

    // MARK: - Rules

    func capture(_ options: String...) throws {
        try Command.succeed(inside + [Project.binary("node-agent"), "capture"] + options)
    }

    @discardableResult
    func release(drainDeadlineSeconds: Int = 5) throws -> String {
        try Command.succeed(
            inside + [Project.binary("node-agent"), "release", "--drain-deadline", "\(drainDeadlineSeconds)"])
    }

    // MARK: - What it says

    var ztunnelLog: String { directory.appending(path: "ztunnel.log").path }

    func said() throws -> String { try String(contentsOfFile: ztunnelLog, encoding: .utf8) }

    /// Status and body; status 000 when nobody answers.
    func fetch(_ path: String, port: Int, method: String = "GET") throws -> String {
        let answer = try Command.run(
            inside + [
                "curl", "--silent", "--max-time", "5", "--request", method, "--write-out", "%{stderr}%{http_code}",
                "http://127.0.0.1:\(port)\(path)",
            ])
        return "\(answer.errors) \(answer.output)"
    }

    func readiness() throws -> String { try fetch("/healthz/ready", port: 15021) }

    /// The sum of all series of a metric that have these labels.
    func metric(_ name: String, _ labels: String...) throws -> Int {
        try fetch("/metrics", port: 15020).split(separator: "\n")
            .filter { line in
                (line.hasPrefix("\(name){") || line.hasPrefix("\(name) ")) && labels.allSatisfy { line.contains($0) }
            }
            .compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }.reduce(0, +)
    }

    private var inside: [String] { ["ip", "netns", "exec", pod.namespaceName] }
}
