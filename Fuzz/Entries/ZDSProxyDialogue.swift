import Discovery
import ZTunnel

extension FuzzEntry {
    /// What an agent may do to a proxy, in any order: each input is a list of steps of two bytes.
    static let zdsProxy = FuzzEntry("zds-proxy", inputLimitBytes: 2048) { bytes throws(FuzzFault) in
        var dialogue = ProxyDialogue()
        for start in stride(from: 0, to: bytes.count - 1, by: 2) {
            try dialogue.step(bytes[start], argument: bytes[start + 1])
        }
        try dialogue.finish()
    }
}

/// A proxy's state machine with somebody who performs its orders, and counts: whatever the agent does, each request of a
/// connection is acknowledged once, and none that was not made.
private struct ProxyDialogue {
    private var state = ZDSClientState()
    private var isConnected = false
    private var isConnectDue = true
    /// Requests of this connection without an acknowledgement.
    private var owed = 0
    private var attempts: [(uid: String, attempt: UInt64)] = []
    private var drains: [String] = []
    private var tickets: [UInt64] = []

    mutating func step(_ kind: UInt8, argument: UInt8) throws(FuzzFault) {
        switch kind % 11 {
        case 0: try connect()
        case 1: try disconnect()
        case 2, 3: try request(.add(uid: uid(argument), pod(argument)), descriptor(argument))
        case 4: try request(.keep(uid: uid(argument)), argument & 0x80 != 0 ? descriptor(argument) : nil)
        case 5: try request(.del(uid: uid(argument)), argument & 0x80 != 0 ? descriptor(argument) : nil)
        case 6: try request(.snapshotSent, nil)
        case 7: try answerStart(argument)
        case 8: try answerDrain(argument)
        case 9: try overdue(argument)
        default: try perform(state.retry())
        }
    }

    /// Once everything that was ordered is done, nothing is owed.
    mutating func finish() throws(FuzzFault) {
        while !attempts.isEmpty { try answerStart(0) }
        while !drains.isEmpty { try answerDrain(0) }
        guard !isConnected || owed == 0 else { throw FuzzFault("\(owed) requests are never acknowledged") }
        guard isConnected || isConnectDue else { throw FuzzFault("disconnected, and never connects again") }
        _ = state.isReady
    }

    private func uid(_ argument: UInt8) -> String { "uid-\(argument & 7)" }

    private func pod(_ argument: UInt8) -> ZDSPod {
        ZDSPod(name: "pod-\(argument >> 6)", namespace: "shop", serviceAccount: "cart")
    }

    private func descriptor(_ argument: UInt8) -> ZDSClientState.NamespaceID? {
        argument & 0x38 == 0 ? nil : ZDSClientState.NamespaceID(device: 4, inode: UInt64(argument >> 3 & 3))
    }

    private mutating func connect() throws(FuzzFault) {
        guard isConnectDue else { return }
        isConnectDue = false
        isConnected = true
        try perform(state.connected())
    }

    private mutating func disconnect() throws(FuzzFault) {
        guard isConnected else { return }
        isConnected = false
        owed = 0
        try perform(state.disconnected())
    }

    private mutating func request(
        _ request: ZDSRequest, _ namespace: ZDSClientState.NamespaceID?
    ) throws(FuzzFault) {
        guard isConnected else { return }
        owed += 1
        try perform(state.received(request, namespace))
    }

    private mutating func answerStart(_ argument: UInt8) throws(FuzzFault) {
        guard !attempts.isEmpty else { return }
        let (uid, attempt) = attempts.remove(at: Int(argument >> 1) % attempts.count)
        try perform(state.started(uid: uid, attempt: attempt, failure: argument & 1 == 0 ? nil : "no"))
    }

    private mutating func answerDrain(_ argument: UInt8) throws(FuzzFault) {
        guard !drains.isEmpty else { return }
        try perform(state.drained(uid: drains.remove(at: Int(argument) % drains.count)))
    }

    private mutating func overdue(_ argument: UInt8) throws(FuzzFault) {
        guard !tickets.isEmpty else { return }
        try perform(state.drainOverdue(ticket: tickets.remove(at: Int(argument) % tickets.count)))
    }

    private mutating func perform(_ actions: [ZDSClientState.Action]) throws(FuzzFault) {
        for action in actions {
            switch action {
            case .sendHello: break
            case .acknowledge:
                guard isConnected, owed > 0 else { throw FuzzFault("an acknowledgement that nobody waits for") }
                owed -= 1
            case .start(let uid, _, let attempt):
                guard attempts.allSatisfy({ $0.attempt < attempt }) else { throw FuzzFault("attempt \(attempt) again") }
                attempts.append((uid, attempt))
            case .drain(let uid): drains.append(uid)
            case .limitDrain(let ticket): tickets.append(ticket)
            case .disconnect: try disconnect()
            case .connect(let delay):
                guard !isConnected, (10...15_000).contains(delay) else { throw FuzzFault("connects after \(delay) ms") }
                isConnectDue = true
            }
        }
    }
}
