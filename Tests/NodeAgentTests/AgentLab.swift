import Discovery
import Glibc
import Reactor
import TestNamespaces
import Testing

/// A node agent as users run it: the program, its directories and its socket, all gone with the test.
final class AgentLab {
    let directory: String
    private var agent: RunningProgram?

    init() throws {
        var form = Array("/tmp/nat-agent-XXXXXX".utf8CString)
        guard mkdtemp(&form) != nil else { throw Errno.last }
        directory = String(decoding: form.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        for path in [pods, statuses] { mkdir(path, 0o700) }
    }

    deinit {
        agent = nil
        _ = try? Command.run("rm", "-r", directory)
    }

    var pods: String { "\(directory)/pods" }
    var statuses: String { "\(directory)/status" }
    var socket: String { "\(directory)/zds.sock" }

    // MARK: The agent

    func command() -> [String] {
        let program = Command.product("node-agent")
        return [program, "--node-name", "nat", "--pods", pods, "--status", statuses, "--zds-socket", socket]
    }

    func startAgent(_ more: [String] = []) throws {
        let program = try RunningProgram(command() + more)
        agent = program
        guard let line = program.line(), line.contains("started") else { throw Command.Failure(program.rest()) }
    }

    func signalAgent(_ signal: CInt) { agent?.signal(signal) }

    /// Waits for its end after a signal, 0 being none; its exit status.
    func stopAgent(_ signal: CInt = SIGTERM) -> Int32? {
        agent?.signal(signal)
        defer { agent = nil }
        return agent?.wait()
    }

    var isRunning: Bool { agent?.isRunning == true }

    // MARK: Its files

    func write(_ pod: PodRecord) throws { try Directory.replace(pod.fileName, in: pods, with: pod.json) }

    func remove(_ uid: String) throws { try Directory.remove(PodRecord.fileName(uid: uid), in: pods) }

    func status(_ uid: String) -> PodStatus? {
        (try? WholeFile.contents(of: "\(statuses)/\(uid).json", limitBytes: 4096)).flatMap { try? PodStatus(json: $0) }
    }

    /// Waits until a pod's status is as asked for; its status then.
    func wait(for uid: String, _ state: PodStatus.State?) -> PodStatus? {
        eventually { self.status(uid)?.state == state }
        return status(uid)
    }

    // MARK: Its socket

    func connect() throws -> ScriptedProxy { try ScriptedProxy(to: socket) }
}

/// The conversation has moved on since, and moves on now.
func expectProgress(of call: RunningProgram) throws {
    var numbers: [Int] = []
    for _ in 0..<2 {
        usleep(200_000)
        call.say("report")
        let line = call.line() ?? "nothing"
        numbers.append(try #require(Int(line), "\(line)"))
    }
    #expect(numbers[1] > numbers[0])
}

func expectEnd(of call: RunningProgram) throws {
    call.endInput()
    #expect(call.line() == "ended")
    #expect(call.wait() == 0)
}

/// Looks again and again until it is so, or the time is up.
@discardableResult
func eventually(withinSeconds limit: Int = 10, _ condition: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<limit * 100 {
        if try condition() { return true }
        usleep(10_000)
    }
    return try condition()
}

/// A node proxy that says what a test wants it to say.
final class ScriptedProxy {
    private let socket: PacketSocket

    init(to path: String) throws { socket = try PacketSocket.connect(to: path) }

    func say(_ packet: [UInt8]) throws { try socket.send(packet) }

    func greet() throws { try say(try ZDSHello().encoded()) }

    func acknowledge(error: String? = nil) throws { try say(try ZDSResponse.ack(error: error).encoded()) }

    /// Waits for the next request and the namespace that comes with it; nil at the end of the connection.
    func next() throws -> (request: ZDSRequest, namespace: NetworkNamespace?)? {
        for _ in 0..<1000 {
            switch try socket.receive(limitBytes: ZDSPacket.limitBytes) {
            case .wouldBlock: usleep(10_000)
            case .ended: return nil
            case .packet(let packet):
                let request = try ZDSRequest(decoding: packet.bytes)
                guard let companion = packet.takeDescriptor() else { return (request, nil) }
                return (request, try NetworkNamespace(owning: companion))
            }
        }
        throw Command.Failure("the agent is silent")
    }

    /// Whether the agent has something to say now.
    func isSilent() throws -> Bool {
        usleep(100_000)
        guard case .wouldBlock = try socket.receive(limitBytes: ZDSPacket.limitBytes) else { return false }
        return true
    }

    /// Answers everything up to the end of the list of pods.
    func takeSnapshot() throws -> [ZDSRequest] {
        var requests: [ZDSRequest] = []
        while requests.last != .snapshotSent, let (request, _) = try next() {
            requests.append(request)
            try acknowledge()
        }
        return requests
    }
}
