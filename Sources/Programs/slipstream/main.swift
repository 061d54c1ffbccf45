import ArgumentParser
import Foundation
import Playground

Slipstream.main()

struct Slipstream: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slipstream", abstract: "An ambient-mode service mesh.", version: "0.1.0",
        subcommands: [
            MeshStatusCommand.self, DescribeCommand.self, WaitCommand.self, WaypointCommand.self, ConfigCommand.self,
            PlaygroundCommand.self,
        ])
}

struct PlaygroundCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "playground", abstract: "A whole mesh on this machine, without Kubernetes.",
        subcommands: [UpCommand.self, DownCommand.self, StatusCommand.self, ExecCommand.self])
}

struct UpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Makes nodes and pods, runs them in the mesh, and shows their connections.",
        discussion: "Goes on until Ctrl-C, and then removes everything. Editing a manifest applies it.")

    @Option(help: "A directory of Kubernetes manifests; without it the project's Examples/shop runs.")
    var manifests: String?

    @Option(help: "How many nodes to make.")
    var nodes = 2

    @Flag(help: "Go on in the background; returns 0 once every pod runs and is in the mesh.")
    var detach = false

    @Flag(help: .hidden)
    var inBackground = false

    func run() throws {
        let up = Up(manifests: manifests, nodes: nodes)
        try finish { inBackground ? try up.runInBackground() : detach ? try up.detach() : try up.run() }
    }
}

struct DownCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Ends the playground and removes all that it made, even if it was killed.")

    func run() throws { try finish { try Down().run() } }
}

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows nodes, pods, identities and services.")

    @Option(name: .shortAndLong, help: "text, wide or json")
    var output = ShowStatus.Format.text

    func run() throws { try finish { try ShowStatus(format: output).run() } }
}

struct ExecCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec", abstract: "Runs a command in a pod.",
        usage: "slipstream playground exec <namespace>/<pod> -- <command> ...")

    @Argument(help: "The pod, as NAMESPACE/POD.")
    var pod: String

    @Argument(parsing: .captureForPassthrough, help: "The command and its arguments.")
    var command: [String] = []

    func validate() throws {
        guard !words.isEmpty else { throw ValidationError("expected a command after --") }
    }

    func run() throws { try finish { try Exec(pod: pod, command: words).run() } }

    private var words: [String] { command.first == "--" ? Array(command.dropFirst()) : command }
}

extension ShowStatus.Format: ExpressibleByArgument {}

/// Ends with the command's own status; a failure goes to standard error in its own words.
func finish(_ body: () throws -> Int32) throws {
    do {
        throw ExitCode(try body())
    } catch let failure as CommandFailure {
        FileHandle.standardError.write(Data("slipstream: \(failure)\n".utf8))
        throw ExitCode.failure
    }
}
