import ArgumentParser
import NodeAgent
import Reactor

/// Arguments to settings, then run.
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serves a node until it is told to end: what node-agent does when no subcommand is named.")

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
        do {
            try AgentProcess(settings, logFormat: logFormat).run()
        } catch {
            fail(error)
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
