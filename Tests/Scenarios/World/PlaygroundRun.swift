import Foundation

/// The playground, driven by its command line as a person would. One that somebody has running already is left alone: then
/// `up` fails and says so.
final class PlaygroundRun {
    let manifests: URL
    private var foreground: Program?
    private let isShop: Bool
    private var hasStarted = false

    /// - Parameter text: what each file holds; nil for the shop, as the playground comes.
    init(manifests text: [String: String]? = nil) throws {
        isShop = text == nil
        manifests = URL(filePath: NSTemporaryDirectory()).appending(path: "slb-test-manifests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: manifests, withIntermediateDirectories: true)
        for (name, content) in text ?? [:] { try write(name, content) }
    }

    deinit {
        foreground?.kill()
        if hasStarted { _ = try? slipstream("playground", "down") }
        try? FileManager.default.removeItem(at: manifests)
    }

    func write(_ name: String, _ content: String) throws {
        try Data(content.utf8).write(to: manifests.appending(path: name), options: .atomic)
    }

    @discardableResult
    func slipstream(_ arguments: String...) throws -> Command.Outcome {
        try Command.run([Project.binary("slipstream")] + arguments, timeoutSeconds: 90)
    }

    func up() throws -> Command.Outcome {
        let source = isShop ? [] : ["--manifests", manifests.path]
        let outcome = try Command.run(
            [Project.binary("slipstream"), "playground", "up", "--detach"] + source, timeoutSeconds: 90)
        if outcome.status == 0 { hasStarted = true }
        return outcome
    }

    /// Starts it without `--detach`, and returns once its pods answer to `exec`.
    func upInForeground(until pod: String) throws -> Program {
        let log = manifests.appending(path: "../\(manifests.lastPathComponent).log").standardized.path
        let program = try Program(
            [Project.binary("slipstream"), "playground", "up", "--manifests", manifests.path], output: log, errors: log)
        foreground = program
        hasStarted = true
        try eventually("the playground runs \(pod)", withinSeconds: 60) {
            try slipstream("playground", "exec", pod, "--", "true").status == 0
        }
        try? FileManager.default.removeItem(atPath: log)
        return program
    }

    func exec(_ pod: String, _ command: [String]) throws -> Command.Outcome {
        try Command.run(
            [Project.binary("slipstream"), "playground", "exec", pod, "--"] + command, timeoutSeconds: 60)
    }

    func ask(from pod: String, _ host: String, port: Int = 80) throws -> NamespaceMesh.Answer {
        try exec(pod, Project.script("transfer") + ["ask", host, "\(port)", "hello"]).json()
    }

    /// Starts a program in a pod, which goes on while something else happens.
    func occupy<Summary: Decodable>(
        _ pod: String, _ work: String, _ host: String, port: Int, _ options: [String]
    ) throws -> NamespaceMesh.Occupation<Summary> {
        let output = manifests.appending(path: "\(work)-\(UUID().uuidString).log").path
        let command =
            [Project.binary("slipstream"), "playground", "exec", pod, "--"] + Project.script("transfer")
            + [work, host, "\(port)"]
        let program = try Program(command + options, output: output, errors: output)
        return NamespaceMesh.Occupation(program: program, output: output)
    }

    /// A connection that is busy with an echo. Returns once it stands.
    func startSteadyTransfer(
        from pod: String, _ host: String, port: Int, seconds: Double
    ) throws -> NamespaceMesh.Occupation<NamespaceMesh.Steady> {
        let transfer: NamespaceMesh.Occupation<NamespaceMesh.Steady> = try occupy(
            pod, "steady", host, port: port, ["--seconds", "\(seconds)"])
        try eventually("the steady transfer from \(pod) has started") { transfer.lines.contains("started") }
        return transfer
    }

    struct Tally: Decodable {
        let answered: Int
        let failures: [String: Int]
    }

    /// Makes so many connections with a question on each.
    func startTally(
        from pod: String, _ host: String, connections: Int
    ) throws -> NamespaceMesh.Occupation<Tally> {
        try occupy(pod, "tally", host, port: 80, ["--connections", "\(connections)", "--parallel", "4"])
    }

    /// Everything on this machine that a playground could forget.
    static func traces() throws -> Set<String> {
        var found: Set<String> = []
        for command in [
            ["ip", "netns", "list"], ["ip", "-o", "link"], ["nft", "list", "tables"], ["ip", "rule"],
            ["find", "/run/slipstream", "/etc/netns", "/run/netns", "-mindepth", "1"],
        ] {
            let lines = try Command.run(command).output.split(separator: "\n").map(String.init)
            found.formUnion(lines.map { "\(command[0]) \(command[1]): \($0)" })
        }
        for program in ["controller", "ztunnel", "node-agent", "waypoint"] {
            let pids = try Command.run(["pgrep", "-f", Project.binary(program)]).output.split(separator: "\n")
            found.formUnion(pids.map { "process \(program) \($0)" })
        }
        return found
    }
}
