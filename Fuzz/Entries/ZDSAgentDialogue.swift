import Discovery
import NodeAgent

extension FuzzEntry {
    /// What a proxy may say to an agent, and what may happen meanwhile. A step is a byte: what it is; packets follow with a
    /// byte for their length.
    static let zdsAgent = FuzzEntry("zds-agent", inputLimitBytes: 4096) { bytes throws(FuzzFault) in
        var dialogue = AgentDialogue()
        var rest = bytes[...]
        while let kind = rest.popFirst() { try dialogue.step(kind, &rest) }
    }
}

/// The agent's side of a connection with somebody who performs its orders: it asks one thing at a time, and once it has
/// hung up it is silent.
private struct AgentDialogue {
    private var session = ZDSSession()
    private var isClosed = false
    private var awaited: ZDSRequest?

    mutating func step(_ kind: UInt8, _ rest: inout ArraySlice<UInt8>) throws(FuzzFault) {
        guard !isClosed else { return }
        switch kind % 8 {
        case 0: try perform(receive((try? ZDSHello().encoded()) ?? []))
        case 1: try perform(receive((try? ZDSResponse.ack(error: nil).encoded()) ?? []))
        case 2: try perform(receive((try? ZDSResponse.ack(error: "no").encoded()) ?? []))
        case 3, 4: try perform(receive(packet(&rest)))
        case 5: try perform(session.submit(request(kind)))
        case 6: try perform(session.submit(.del(uid: "uid-\(kind >> 5)")))
        default: if kind & 0x80 != 0 { try perform(session.deadlinePassed()) }
        }
        guard isClosed || session.isOpen == false || session.isAwaited == (awaited != nil) else {
            throw FuzzFault("awaits an answer without a question, or the reverse")
        }
    }

    private func request(_ kind: UInt8) -> ZDSRequest {
        .add(uid: "uid-\(kind >> 5)", ZDSPod(name: "a", namespace: "b", serviceAccount: "c"))
    }

    private mutating func receive(_ packet: [UInt8]) -> [ZDSSession.Order] {
        let pods = [request(0x20), request(0x40)]
        return session.received(packet) { pods }
    }

    private func packet(_ rest: inout ArraySlice<UInt8>) -> [UInt8] {
        let length = Int(rest.popFirst() ?? 0)
        defer { rest = rest.dropFirst(length) }
        return Array(rest.prefix(length))
    }

    private mutating func perform(_ orders: [ZDSSession.Order]) throws(FuzzFault) {
        for order in orders {
            guard !isClosed else { throw FuzzFault("\(order) after the end") }
            switch order {
            case .send(let request):
                guard awaited == nil else { throw FuzzFault("two questions at a time") }
                awaited = request
            case .answered(let request, _):
                guard awaited == request else { throw FuzzFault("an answer to what was not asked: \(request)") }
                awaited = nil
            case .close:
                isClosed = true
                _ = session.ended()
            }
        }
    }
}
