import ArgumentParser
import Glibc
import Mesh
import NodeAgent
import Reactor

/// Arguments to settings, then run.
struct Command: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node-agent",
        abstract: "Brings the pods of a node into the mesh: redirection in their namespaces, and word to ztunnel.",
        version: "node-agent \(Version.current)")

    @Option(help: "The name of this node.")
    var nodeName: String

    @Option(help: ArgumentHelp("A file <uid>.json for each pod that is to be in the mesh.", valueName: "directory"))
    var pods: String

    @Option(help: ArgumentHelp("Where to write <uid>.json, how far each pod is.", valueName: "directory"))
    var status: String

    @Option(help: ArgumentHelp("Where ztunnel asks for pods.", valueName: "path"))
    var zdsSocket = "/var/run/ztunnel/ztunnel.sock"

    @Option(help: "How log lines are written: plain or json.")
    var logFormat = LogLine.Format.plain

    @Option(help: ArgumentHelp("How long captured connections of a pod that leaves may go on.", valueName: "seconds"))
    var drainDeadline: UInt16 = 30

    @Flag(help: "Release all pods before exiting. Without it they stay captured.")
    var releaseOnExit = false

    func run() {
        // A peer that closes while we write is an answer, not a reason to die.
        signal(SIGPIPE, SIG_IGN)
        do {
            try AgentProcess(settings, logFormat: logFormat).run()
        } catch {
            // Where even this cannot be written, the exit code speaks alone.
            try? Descriptor.writeAll(Array("node-agent: \(error)\n".utf8), to: Descriptor.standardError)
            Glibc.exit(1)
        }
    }

    private var settings: AgentSettings {
        var settings = AgentSettings(
            nodeName: nodeName, podsPath: pods, statusPath: status, zdsSocketPath: zdsSocket)
        settings.drainDeadlineMilliseconds = UInt64(drainDeadline) * 1000
        settings.releasesOnExit = releaseOnExit
        return settings
    }
}

extension LogLine.Format: ExpressibleByArgument {}

Command.main()
