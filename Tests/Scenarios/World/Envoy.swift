import Foundation
import Mesh

/// Envoy in a pod that no ztunnel serves: the pod's workload is of the mesh, and its port 15008 is Envoy's. What the pod's
/// applications send to 127.0.0.1:7001 goes to the target's application through a tunnel of Envoy's.
final class Envoy {
    static let pod = MeshPod(name: "envoy", node: 1, number: 12, isEnrolled: false)
    static let outboundPort = 7001

    /// Of Envoy's configuration, what scenarios differ in.
    struct Settings {
        /// The pod that the tunnels for 127.0.0.1:7001 lead to, and its application's port.
        var target = MeshPod.server
        var targetPort = 7000
        var streamWindowBytes = 4 << 20
        var connectionWindowBytes = 16 << 20
        /// Streams of one tunnel, in either role.
        var streams = 100
        /// `common_http_protocol_options` of its server and of its client.
        var limits = ""
        var upstreamLimits = ""
        /// A runtime layer: features that are not on by themselves.
        var runtime = ""
        /// POST instead of CONNECT.
        var usesPost = false
        /// Of the zoo.
        var certificate = "authority/envoy"
    }

    private let mesh: NamespaceMesh
    private let directory: URL
    private let program: Program

    /// Returns once it serves.
    init(in mesh: NamespaceMesh, _ adjust: (inout Settings) -> Void = { _ in }) throws {
        self.mesh = mesh
        directory = mesh.directory.appending(path: "envoy")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        var settings = Settings()
        adjust(&settings)
        try Self.write(certificate: "\(mesh.certificates)/\(settings.certificate)", to: directory)
        let file = directory.appending(path: "envoy.yaml")
        try Self.fill("envoy", settings.values(mesh, directory)).write(to: file)
        let command = [
            try Project.envoy(), "--config-path", file.path, "--concurrency", "2", "--disable-hot-restart",
            "--log-level", "warning", "--drain-time-s", "1", "--drain-strategy", "immediate",
        ]
        program = try mesh.start(in: Self.pod, "envoy", command)
        try eventually("Envoy serves", withinSeconds: 30) { try admin("ready", "GET").contains("LIVE") }
    }

    // MARK: - Its certificate

    /// Replaces the certificate and its key; returns once both roles have taken it up.
    func present(_ certificate: String) throws {
        let updates = "(server|client)_ssl_socket_factory.ssl_context_update_by_sds$"
        let before = try sum(updates)
        try Self.write(certificate: "\(mesh.certificates)/\(certificate)", to: directory)
        try eventually("Envoy has taken up \(certificate)") { try sum(updates) >= before + 2 }
    }

    /// Envoy watches for the move.
    private static func write(certificate: String, to directory: URL) throws {
        let file = directory.appending(path: "own.yaml")
        try fill("own", ["certificate": certificate]).write(to: file, options: .atomic)
    }

    // MARK: - What it says

    /// Stops taking new streams on the tunnels that it serves, by GOAWAY; goes on listening.
    func drain() throws { _ = try admin("drain_listeners?graceful&skip_exit", "POST") }

    /// The sum of the counters and gauges whose names match a regular expression.
    func sum(_ names: String) throws -> Int {
        let lines = try admin("stats?filter=\(names.replacingOccurrences(of: "$", with: "%24"))", "GET")
        return lines.split(separator: "\n").compactMap { line in
            line.split(separator: " ").last.flatMap { Int($0) }
        }.reduce(0, +)
    }

    func accessLog() throws -> [[String: String]] {
        let text = try String(contentsOf: directory.appending(path: "access.log"), encoding: .utf8)
        return text.split(separator: "\n").compactMap { line in
            let parsed = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return parsed?.mapValues { "\($0)" }
        }
    }

    private func admin(_ path: String, _ method: String) throws -> String {
        let socket = directory.appending(path: "admin.sock").path
        return try Command.run([
            "curl", "--silent", "--globoff", "--request", method, "--unix-socket", socket, "http://envoy/\(path)",
        ]).output
    }

    // MARK: - Configuration

    /// A file of `Tests/Support/envoy` with its `$names` replaced.
    private static func fill(_ name: String, _ values: [String: String]) throws -> Data {
        var text = try String(contentsOfFile: "\(Project.root)/Tests/Support/envoy/\(name).yaml", encoding: .utf8)
        // One name may be the beginning of another.
        for (name, value) in values.sorted(by: { $0.key.count > $1.key.count }) {
            text = text.replacingOccurrences(of: "$\(name)", with: value)
        }
        return Data(text.utf8)
    }
}

extension Envoy.Settings {
    fileprivate func values(_ mesh: NamespaceMesh, _ directory: URL) -> [String: String] {
        [
            "directory": directory.path, "root": "\(mesh.certificates)/authority/root-cert.pem",
            "runtime": runtime, "limits": limits,
            "upstream_limits": upstreamLimits, "streams": "\(streams)", "use_post": "\(usesPost)",
            "stream_window": "\(streamWindowBytes)", "connection_window": "\(connectionWindowBytes)",
            "target": target.address, "target_port": "\(targetPort)", "target_identity": target.identity,
        ]
    }
}
