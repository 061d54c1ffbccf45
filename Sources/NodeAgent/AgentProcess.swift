import Glibc
package import Reactor

/// The whole of node-agent: what its arguments say, put together and run on the calling thread.
package final class AgentProcess: EventHandler {
    private let settings: AgentSettings
    private let reactor: Reactor
    private let log: Log
    private let signals: SignalSource
    private let agent: NodeAgent
    private var isStopping = false

    package init(_ settings: AgentSettings, logFormat: LogLine.Format) throws(AgentStartError) {
        guard geteuid() == 0 else {
            throw AgentStartError(description: "must run as root: it changes other processes' network namespaces")
        }
        self.settings = settings
        do throws(Errno) {
            // Before any thread is started: each inherits what is blocked.
            signals = try SignalSource([SIGTERM, SIGINT])
            reactor = Reactor(kernel: try LinuxKernel())
            log = Log(try LogSink(format: logFormat), format: logFormat)
        } catch {
            throw AgentStartError(description: "\(error)")
        }
        agent = try NodeAgent(settings, on: reactor, log)
    }

    /// Runs until a signal says to stop.
    package func run() throws(AgentStartError) {
        do throws(Errno) {
            _ = try reactor.watch(signals.raw, for: self)
            log.info("agent", "started", ["node": settings.nodeName, "zds": settings.zdsSocketPath])
            try agent.start()
            try reactor.run()
        } catch {
            throw AgentStartError(description: "\(error)")
        }
        log.info("agent", "stopped")
        log.sink.close()
    }

    package func ready(_ readiness: Readiness) {
        while let signal = signals.next() { stop(because: signal == SIGTERM ? "SIGTERM" : "SIGINT") }
    }

    /// Leaves the pods captured, or lets them go first if that was asked for; asked twice, ends at once.
    private func stop(because reason: String) {
        guard settings.releasesOnExit, !isStopping else { return end() }
        isStopping = true
        log.info("agent", "releasing all pods", ["reason": reason])
        agent.releaseAll { [self] in end() }
    }

    private func end() {
        agent.stop()
        reactor.stop()
    }
}
