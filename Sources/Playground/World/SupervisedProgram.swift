import Glibc
import Reactor

/// A program that is started again whenever it ends, later each time as long as it keeps ending early.
final class SupervisedProgram {
    enum State: Hashable {
        case idle
        case running(ChildProcess)
        /// It ended so; the next start is on its way.
        case waiting(ChildProcess.Ending)
        /// It was to run once, and did.
        case completed
        case stopping(ChildProcess)
    }

    let name: String
    private let program: Program
    /// Runs until it succeeds once, and no more after that.
    private let runsOnce: Bool
    private let reactor: Reactor
    private let children: Children
    /// Told after each change of state.
    private let changed: () -> Void

    private(set) var state = State.idle
    private(set) var restarts = 0
    private var startedNanoseconds: UInt64 = 0
    private var backOff = RestartBackOff()
    private var timer: Reactor.TimerID?

    init(
        _ name: String, _ program: Program, runsOnce: Bool = false, reactor: Reactor, children: Children,
        changed: @escaping () -> Void
    ) {
        self.name = name
        self.program = program
        self.runsOnce = runsOnce
        self.reactor = reactor
        self.children = children
        self.changed = changed
    }

    var isRunning: Bool {
        if case .running = state { return true }
        return false
    }

    /// While it runs: `ip netns exec` has become the program.
    var process: Int32? {
        if case .running(let child) = state { return child.identifier }
        return nil
    }

    /// Whether its last end is over and nothing of it runs.
    var isGone: Bool {
        switch state {
        case .idle, .completed: true
        case .running, .waiting, .stopping: false
        }
    }

    func start() {
        timer = nil
        startedNanoseconds = reactor.nowNanoseconds
        do throws(Errno) {
            state = .running(try children.start(program) { [weak self] in self?.ended($0) })
        } catch {
            ended(.exited(127))
        }
        changed()
    }

    /// Asks it to end, and ends it after so long.
    func stop(graceMilliseconds: UInt64) {
        switch state {
        case .idle, .completed, .stopping: return
        case .waiting:
            if let timer { reactor.cancel(timer) }
            state = .idle
            changed()
        case .running(let child):
            state = .stopping(child)
            Children.signal(child, SIGTERM)
            timer = reactor.after(milliseconds: graceMilliseconds) { Children.signal(child, SIGKILL) }
        }
    }

    private func ended(_ ending: ChildProcess.Ending) {
        if let timer { reactor.cancel(timer) }
        timer = nil
        switch state {
        case .stopping: state = .idle
        case _ where runsOnce && ending == .exited(0): state = .completed
        default:
            let ran = (reactor.nowNanoseconds - startedNanoseconds) / 1_000_000
            state = .waiting(ending)
            restarts += 1
            timer = reactor.after(milliseconds: backOff.delay(afterRunningMilliseconds: ran)) { [weak self] in
                self?.start()
            }
        }
        changed()
    }
}

extension SupervisedProgram.State: CustomStringConvertible {
    var description: String {
        switch self {
        case .idle: "stopped"
        case .running: "running"
        case .waiting(.exited(let code)): "exited with \(code), starts again soon"
        case .waiting(.killed(let signal)): "killed by signal \(signal), starts again soon"
        case .completed: "completed"
        case .stopping: "stopping"
        }
    }
}
