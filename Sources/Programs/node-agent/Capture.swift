import ArgumentParser
import NodeAgent

/// Redirection where this process is, once, for a ztunnel in dedicated mode.
struct Capture: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Leads the TCP of this network namespace to a ztunnel in dedicated mode, and exits.",
        discussion: "New connections fail while no ztunnel runs. Those that are open already go on as they are.")

    @Option(
        help: ArgumentHelp(
            "Connections to this port come in as they are, past the mesh and its policies; can be repeated.",
            valueName: "port"))
    var passInbound: [UInt16] = []

    @Flag(help: "Capture only what this namespace opens, not what comes to it.")
    var outboundOnly = false

    func run() {
        do {
            try OwnNetwork().capture(inbound: !outboundOnly, passing: passInbound)
        } catch {
            fail(error)
        }
    }
}

struct Release: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Takes back what capture did in this network namespace, and exits.")

    @Option(help: ArgumentHelp("How long captured connections may go on.", valueName: "seconds"))
    var drainDeadline: UInt16 = 30

    func run() {
        do {
            let cut = try OwnNetwork().release(deadlineMilliseconds: UInt64(drainDeadline) * 1000)
            if cut > 0 { print("node-agent: \(cut) captured connections had not ended, and were cut") }
        } catch {
            fail(error)
        }
    }
}
