import ArgumentParser
import Glibc
import Mesh
import Reactor

/// What the program is asked to do. Without a word it serves its node.
struct Command: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node-agent",
        abstract: "Brings the pods of a node into the mesh: redirection in their namespaces, and word to ztunnel.",
        version: "node-agent \(Version.current)",
        subcommands: [Serve.self, Capture.self, Release.self], defaultSubcommand: Serve.self)
}

/// Ends the program with the reason on stderr.
func fail(_ problem: some Error) -> Never {
    // Where even this cannot be written, the exit code speaks alone.
    try? Descriptor.writeAll(Array("node-agent: \(problem)\n".utf8), to: Descriptor.standardError)
    Glibc.exit(1)
}

// A peer that closes while we write is an answer, not a reason to die.
signal(SIGPIPE, SIG_IGN)
Command.main()
