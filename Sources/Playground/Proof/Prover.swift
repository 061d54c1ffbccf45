import Controller
import Foundation
import Glibc
import Mesh
import Reactor

/// What proofs are made with: calls from pods, the table, and captures on the nodes' wires. Everything it starts ends by
/// itself.
final class Prover {
    /// How a call went.
    struct Call {
        var from: RunningPod
        var url: String
        var ending: ChildProcess.Ending
        /// What came back, or what curl said.
        var output: String

        var isAnswered: Bool { ending == .exited(0) }

        /// The connection was refused, reset or ended without an answer (curl(1), exit codes 7, 52, 55, 56): by somebody, and
        /// at once, not because nobody answered in time or the name was unknown.
        var isRefused: Bool { [7, 52, 55, 56].contains(ending.status) }

        var description: String {
            isAnswered ? "\(from.key) GET \(url) → answered" : "\(from.key) GET \(url) → \(output)"
        }

        /// A field of the application's answer.
        func field(_ name: String) -> String? {
            let object = try? JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
            return object?[name] as? String
        }
    }

    private static let callLimitMilliseconds: UInt64 = 6_000
    private static let tableLimitMilliseconds: UInt64 = 4_000
    private static let pollMilliseconds: UInt64 = 50
    /// tcpdump hands on what the kernel collected within a second unless told otherwise; it is told to at once.
    private static let captureTailMilliseconds: UInt64 = 500

    private unowned let world: World
    private var calls = 0

    init(_ world: World) {
        self.world = world
    }

    // MARK: Pods

    func pods(app: String) -> [RunningPod] {
        world.pods.values.filter { $0.pod.metadata.labels["app"] == app && !$0.isLeaving }
            .sorted { $0.key.description < $1.key.description }
    }

    /// Two pods on different nodes, so that what they say goes over the wire.
    func apart(_ source: String, _ target: String) -> (RunningPod, RunningPod)? {
        for source in pods(app: source) {
            if let target = pods(app: target).first(where: { $0.node !== source.node }) { return (source, target) }
        }
        return nil
    }

    // MARK: Calls

    func call(from pod: RunningPod, _ url: String, then: @escaping (Call) -> Void) {
        calls += 1
        let log = "\(world.settings.layout.captures)/call-\(calls)"
        let command = ["curl", "-sS", "--max-time", "5", "--noproxy", "*", "--globoff", "--", url]
        let program = Program(namespace: pod.namespace, command: command, environment: Command.environment, log: log)
        world.children.run(program, limitMilliseconds: Self.callLimitMilliseconds) { ending in
            let output = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            then(
                Call(
                    from: pod, url: url, ending: ending, output: output.trimmingCharacters(in: .whitespacesAndNewlines))
            )
        }
    }

    // MARK: The table

    var mark: Int { world.table.mark }

    /// The first connection from a pod to a workload whose name begins so, which the table shows from `mark` on; nil when
    /// none comes in time.
    func connection(
        since mark: Int, from pod: RunningPod, to workload: String, settled: @escaping (Connection) -> Bool,
        then: @escaping (Connection?) -> Void
    ) {
        let table = { [unowned world] in
            world.table.connections(since: mark).first { connection in
                connection.source.address?.ip == pod.address && connection.destination.workload.hasPrefix(workload)
                    && settled(connection)
            }
        }
        poll(limitMilliseconds: Self.tableLimitMilliseconds, table, then: then)
    }

    private func poll<Value>(
        limitMilliseconds: UInt64, _ look: @escaping () -> Value?, then: @escaping (Value?) -> Void
    ) {
        if let value = look() { return then(value) }
        guard limitMilliseconds > 0 else { return then(nil) }
        _ = world.reactor.after(milliseconds: Self.pollMilliseconds) {
            let rest = limitMilliseconds - min(limitMilliseconds, Self.pollMilliseconds)
            self.poll(limitMilliseconds: rest, look, then: then)
        }
    }

    // MARK: The wire

    /// Captures what goes over a node's wire while `body` runs; `body` calls its argument when it is done. Nil when no
    /// capture could be made.
    func capture(
        on node: Node, during body: @escaping (@escaping () -> Void) -> Void, then: @escaping (PacketCapture?) -> Void
    ) {
        calls += 1
        let file = "\(world.settings.layout.captures)/capture-\(calls).pcap"
        let log = "\(world.settings.layout.captures)/capture-\(calls).log"
        let command = ["tcpdump", "-i", "eth0", "--immediate-mode", "-U", "-s", "0", "-Z", "root", "-w", file, "tcp"]
        let program = Program(namespace: node.namespace, command: command, environment: Command.environment, log: log)
        var isOver = false
        let child = try? world.children.start(program) { _ in isOver = true }
        guard let child else { return then(nil) }
        let hasBegun = {
            isOver || (try? String(contentsOfFile: log, encoding: .utf8))?.contains("listening on") == true ? true : nil
        }
        let finish = { [self] in
            _ = world.reactor.after(milliseconds: Self.captureTailMilliseconds) {
                Children.signal(child, SIGINT)
                self.poll(limitMilliseconds: 3_000, { isOver ? true : nil }) { _ in
                    then((try? Data(contentsOf: URL(filePath: file))).map { PacketCapture(Array($0)) })
                }
            }
        }
        poll(limitMilliseconds: 5_000, hasBegun) { _ in body { finish() } }
    }
}
