import Controller
import Glibc
import Reactor

/// A container: its program, and whether it is ready.
final class RunningContainer {
    let container: Kubernetes.Container
    private(set) lazy var program = SupervisedProgram(
        container.name, command, reactor: reactor, children: children
    ) { [weak self] in self?.programChanged() }
    private let command: Program
    private let probe: Program?
    private let reactor: Reactor
    private let children: Children
    private let changed: () -> Void

    private var passed = false
    private var successes = 0
    private var failures = 0
    private var timer: Reactor.TimerID?

    init(
        _ container: Kubernetes.Container, in pod: Kubernetes.Pod, program: Program, reactor: Reactor,
        children: Children, changed: @escaping () -> Void
    ) {
        self.container = container
        command = program
        self.reactor = reactor
        self.children = children
        self.changed = changed
        probe = container.readinessProbe.flatMap { ReadinessProbe.program(for: $0, in: pod, like: program) }
    }

    /// Without a probe a container is ready as long as it runs.
    var isReady: Bool { program.isRunning && (probe == nil || passed) }

    func stop() {
        if let timer { reactor.cancel(timer) }
        timer = nil
    }

    private func programChanged() {
        if program.isRunning {
            scheduleProbe(afterSeconds: container.readinessProbe?.initialDelaySeconds ?? 0)
        } else {
            stop()
            (passed, successes, failures) = (false, 0, 0)
        }
        changed()
    }

    private func scheduleProbe(afterSeconds seconds: Int) {
        guard probe != nil else { return }
        stop()
        // What has just started is looked at soon, and again soon until it is ready for the first time.
        let milliseconds = seconds == 0 ? 250 : UInt64(seconds) * 1_000
        timer = reactor.after(milliseconds: milliseconds) { [weak self] in self?.runProbe() }
    }

    private func runProbe() {
        timer = nil
        guard let probe, let settings = container.readinessProbe, program.isRunning else { return }
        let limit = UInt64(max(1, settings.timeoutSeconds)) * 1_000
        children.run(probe, limitMilliseconds: limit) { [weak self] ending in
            self?.probed(settings, ending == .exited(0))
        }
    }

    private func probed(_ settings: Kubernetes.Probe, _ isSuccess: Bool) {
        guard program.isRunning else { return }
        let before = isReady
        (successes, failures) = isSuccess ? (successes + 1, 0) : (0, failures + 1)
        if successes >= settings.successThreshold { passed = true }
        if failures >= settings.failureThreshold { passed = false }
        scheduleProbe(afterSeconds: passed ? settings.periodSeconds : 0)
        if isReady != before { changed() }
    }
}

/// A probe as a program beside the container's own.
enum ReadinessProbe {
    /// Nil for probes that only a kubelet can make; such a container is ready when it runs.
    static func program(for probe: Kubernetes.Probe, in pod: Kubernetes.Pod, like program: Program) -> Program? {
        guard let command = command(for: probe, in: pod) else { return nil }
        var program = program
        program.command = command
        program.log = "/dev/null"
        return program
    }

    private static func command(for probe: Kubernetes.Probe, in pod: Kubernetes.Pod) -> [String]? {
        guard let address = pod.status.podIPs.first else { return nil }
        switch probe.action {
        case .exec(let command): return command
        case .tcpSocket(let port):
            guard let number = ServiceEndpoints.number(of: port, in: pod) else { return nil }
            return ["bash", "-c", "exec 3<>/dev/tcp/\(address)/\(number)"]
        case .httpGet(let path, let port, let isTLS):
            guard let number = ServiceEndpoints.number(of: port, in: pod) else { return nil }
            let url = "\(isTLS ? "https" : "http")://\(address):\(number)\(path.hasPrefix("/") ? path : "/\(path)")"
            return ["curl", "-fsSk", "-o", "/dev/null", "--noproxy", "*", "--globoff", "--", url]
        case .grpc: return nil
        }
    }
}
