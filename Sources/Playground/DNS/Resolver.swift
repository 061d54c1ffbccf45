import Mesh
import Reactor

/// A node's resolver: answers its pods from a zone that the world renews. Owned by the reactor's thread.
final class Resolver: EventHandler, TurnHandler {
    /// A pod that floods its resolver must not keep the rest of the playground from its work.
    private static let answersPerTurn = 64
    /// RFC 1035 §4.2.1 allows 512; queries with EDNS options are a little longer.
    private static let queryLimitBytes = 1_500

    private let reactor: Reactor
    private let socket: DatagramSocket
    private var isScheduled = false
    private var turns = 0

    var zone: DNSZone

    init(on address: IPAddress, in namespace: NetworkNamespace, zone: DNSZone, reactor: Reactor) throws(Errno) {
        let visitor = try NamespaceVisitor()
        // The thread goes home in any case, so that what it starts next starts there.
        defer { try? visitor.visit(nil) { () throws(Errno) in } }
        socket = try visitor.visit(namespace) { () throws(Errno) in try DatagramSocket(on: SocketAddress(address, 53)) }
        self.zone = zone
        self.reactor = reactor
        _ = try reactor.watch(socket.raw, for: self)
    }

    func ready(_ readiness: Readiness) {
        if !isScheduled { answerSome() }
    }

    func turn() {
        isScheduled = false
        answerSome()
    }

    private func answerSome() {
        for _ in 0..<Self.answersPerTurn {
            guard let (query, sender) = socket.receive(limitBytes: Self.queryLimitBytes) else { return }
            turns &+= 1
            if let answer = zone.answer(query, turn: turns) { socket.send(answer, to: sender) }
        }
        isScheduled = true
        reactor.schedule(self)
    }
}
