import Foundation

/// What is done to the mesh's ports by who means no good, or is broken.
extension NamespaceMesh {
    private struct Made: Decodable { let connections: Int }

    /// See `garbage.py`. How many connections were tried.
    @discardableResult
    func throwGarbage(from pod: MeshPod, at address: String, ports: [Int]) throws -> Int {
        let command = Project.script("garbage") + ["throw", address] + ports.map(String.init)
        return try run(in: pod, command, timeoutSeconds: 120).json(Made.self).connections
    }

    /// As `throwGarbage`, from a node itself.
    @discardableResult
    func throwGarbage(on node: MeshNode, ports: [Int]) throws -> Int {
        let command = Project.script("garbage") + ["throw", "127.0.0.1"] + ports.map(String.init)
        return try Command.run(["ip", "netns", "exec", node.namespaceName] + command, timeoutSeconds: 120)
            .json(Made.self).connections
    }

    /// Connections that say a byte now and then; see `garbage.py`. Returns once all are made.
    func startDawdling(from pod: MeshPod, at address: String, port: Int, connections: Int, seconds: Int) throws
        -> Program
    {
        let label = "dawdle-\(port)"
        let program = try start(
            in: pod, label,
            Project.script("garbage") + [
                "dawdle", address, "\(port)", "--connections", "\(connections)", "--seconds", "\(seconds)",
            ])
        try eventually("\(connections) connections to port \(port) are made", withinSeconds: 20) {
            try output(of: pod, label).contains("dawdling")
        }
        return program
    }

    /// Connections that end after each byte of an exchange; see `cut.py`.
    struct Cuts: Decodable {
        struct Cut: Decodable {
            let after: Int
            let by: String
            let port: Int
        }

        /// Of the whole exchange, said by the side that breaks off.
        let bytes: Int
        let cuts: [Cut]
    }

    /// Bytes between one end and the next: each byte, unless `SLIPSTREAM_CUT_STRIDE` says otherwise.
    private var stride: String { ProcessInfo.processInfo.environment["SLIPSTREAM_CUT_STRIDE"] ?? "1" }

    func cutAsClient(from pod: MeshPod, at target: MeshPod) throws -> Cuts {
        let command =
            Project.script("cut") + [
                "client", target.address, "--authority", "\(target.address):7000", "--stride", stride,
                "--certificate", "\(certificates)/authority/client.pem", "--key",
                "\(certificates)/authority/client.key",
            ]
        return try run(in: pod, command, timeoutSeconds: 180).json()
    }

    struct Calls: Decodable {
        struct Call: Decodable {
            let port: Int
            let outcome: String
        }
        let calls: [Call]
    }

    /// Lets `target` break off while `caller` calls it: what it did, and what came of the calls. `target` is not captured, and
    /// shows the server's certificate.
    func cutAsServer(in target: MeshPod, calledBy caller: MeshPod) throws -> (Cuts, [Calls.Call]) {
        let report = directory.appending(path: "cuts.json")
        let server = try start(
            in: target, "cut",
            Project.script("cut") + [
                "server", target.address, "--stride", stride, "--report", report.path,
                "--certificate", "\(certificates)/authority/server.pem", "--key",
                "\(certificates)/authority/server.key",
            ])
        try eventually("\(target.name) listens") { try output(of: target, "cut").contains("listening") }
        let command = Project.script("cut") + ["callers", target.address, "7000", "--until", report.path]
        let calls: Calls = try run(in: caller, command, timeoutSeconds: 240).json()
        _ = server.wait(seconds: 5)
        return (try JSONDecoder().decode(Cuts.self, from: Data(contentsOf: report)), calls.calls)
    }

    /// What `zds_peer.py` does at a node's ZDS socket; how many offences it committed.
    func offend(as side: String, at node: MeshNode, _ arguments: String...) throws -> Int {
        struct Outcome: Decodable { let offences: Int }
        let command = Project.script("zds_peer") + [side, node.zdsSocket] + arguments
        return try Command.run(["ip", "netns", "exec", node.namespaceName] + command, timeoutSeconds: 240)
            .json(Outcome.self).offences
    }
}
