import Glibc
import Reactor

/// The processes that the playground has started and not yet seen end. Everything happens on the reactor's thread, which
/// lives as long as the playground: children die when the thread that started them does.
final class Children {
    private let reactor: Reactor
    private let journal: Journal
    private var endings: [ChildProcess: (ChildProcess.Ending) -> Void] = [:]

    init(reactor: Reactor, journal: consuming Journal) {
        self.reactor = reactor
        self.journal = journal
    }

    /// Writes down a namespace that is about to be made.
    func willMake(namespace: String) throws(Errno) { try journal.write(.namespace(namespace)) }

    /// Starts a program; `ended` is called once, later.
    func start(_ program: Program, ended: @escaping (ChildProcess.Ending) -> Void) throws(Errno) -> ChildProcess {
        let nothing = try Descriptor.open(readOnly: "/dev/null")
        let log = try Descriptor.open(appendingTo: program.log)
        var launch = try program.launch()
        launch.standard = (nothing.raw, log.raw, log.raw)
        let child = try ChildProcess.spawn(launch)
        endings[child] = ended
        if let record = ProcessRecord(identifier: child.identifier) { try? journal.write(.process(record)) }
        return child
    }

    /// Runs a program to its end, or for so long. What it printed is in its log.
    func run(_ program: Program, limitMilliseconds: UInt64, ended: @escaping (ChildProcess.Ending) -> Void) {
        do throws(Errno) {
            var limit: Reactor.TimerID?
            let child = try start(program) { [reactor] ending in
                if let limit { reactor.cancel(limit) }
                ended(ending)
            }
            limit = reactor.after(milliseconds: limitMilliseconds) { Self.signal(child, SIGKILL) }
        } catch {
            ended(.exited(127))
        }
    }

    /// Reaches the program and what it started in its group.
    static func signal(_ child: ChildProcess, _ signal: CInt) { kill(-child.identifier, signal) }

    /// To be called when a child may have ended.
    func reap() {
        for child in Array(endings.keys) {
            if let ending = child.ending() { endings.removeValue(forKey: child)?(ending) }
        }
    }

    var isEmpty: Bool { endings.isEmpty }
}
