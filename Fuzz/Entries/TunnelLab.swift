import Glibc
import HBONE
import Mesh
import Reactor
import Synchronization
import TestCertificates

/// Where one end of a tunnel meets a `RawPeer`, over real TLS and Unix sockets, turn by turn, with applications behind it.
///
/// One for all inputs: what an input leaves behind shows itself in `watchedCount`. Used by one thread at a time.
final class TunnelLab: TurnHandler {
    static let client = SPIFFEIdentity(trustDomain: "cluster.local", namespace: "shop", serviceAccount: "frontend")
    static let server = SPIFFEIdentity(trustDomain: "cluster.local", namespace: "shop", serviceAccount: "cart")

    /// The preface of a client (RFC 9113 §3.4), and an empty SETTINGS frame.
    static let preface: [UInt8] = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    static let settings: [UInt8] = [0, 0, 0, 4, 0, 0, 0, 0, 0]

    /// So little that a deaf application's pod comes to its end.
    static func budget() -> StorageBudget { StorageBudget(limit: 1024) }

    let reactor: Reactor
    let scratch = TunnelScratch()
    let peerScratch = TLSScratch()
    /// Where peers read to.
    var room = [UInt8](repeating: 0, count: 64 * 1024)
    let clientContext: TLSContext
    let serverContext: TLSContext

    private init() throws {
        reactor = Reactor(kernel: try LinuxKernel())
        let authority = try LocalAuthorityBox()
        clientContext = try TLSContext(.client, try authority.issue(Self.client))
        serverContext = try TLSContext(.server, try authority.issue(Self.server))
    }

    private static let shared = Mutex<TunnelLab?>(nil)

    /// Runs an input with the lab, one at a time.
    static func use(_ body: (TunnelLab) throws(FuzzFault) -> Void) throws(FuzzFault) {
        let outcome = shared.withLock { lab -> Result<Void, FuzzFault> in
            do {
                let present = try lab ?? TunnelLab()
                lab = present
                let before = present.reactor.watchedCount
                try body(present)
                let after = present.reactor.watchedCount
                guard after == before else { throw FuzzFault("\(after - before) descriptors are still watched") }
                return .success(())
            } catch {
                // A lab in disorder is no use to the next input.
                lab = nil
                return .failure(error as? FuzzFault ?? FuzzFault("\(error)"))
            }
        }
        try outcome.get()
    }

    /// So that a look at the kernel never waits.
    func turn() {}

    func runOnce() throws(FuzzFault) {
        reactor.schedule(self)
        do throws(Errno) {
            try reactor.runOnce()
        } catch {
            throw FuzzFault("the reactor failed: \(error)")
        }
    }

    /// Runs turn after turn, with `step` between them, until `isDone`; false when that takes too many.
    func run(turns: Int = 200, _ step: () -> Void, until isDone: () -> Bool) throws(FuzzFault) -> Bool {
        for _ in 0..<turns {
            if isDone() { return true }
            try runOnce()
            step()
        }
        return isDone()
    }

    /// Two ends of a connection.
    static func pair() throws(FuzzFault) -> (CInt, CInt) {
        var ends: [CInt] = [-1, -1]
        let kind = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw FuzzFault("no sockets: \(Errno.last)") }
        return (ends[0], ends[1])
    }
}

/// The outer end of a connection behind a tunnel's stream: says a little, and gives back what it gets.
final class LabApplication: TunnelStreamObserver {
    enum Manner: UInt8 { case echoes, ends, resets, isDeaf }

    private let manner: Manner
    private let outer: CInt
    private var inner: CInt?
    private(set) var endings = 0
    private let established: (LabApplication) -> Void

    init(_ manner: Manner, established: @escaping (LabApplication) -> Void = { _ in }) throws(FuzzFault) {
        self.manner = manner
        self.established = established
        let (outer, inner) = try TunnelLab.pair()
        self.outer = outer
        self.inner = inner
    }

    deinit {
        _ = close(outer)
        if let inner { _ = close(inner) }
    }

    func takeInner() -> Descriptor? { inner.take().map { Descriptor(owning: $0) } }

    func streamEstablished(_ response: ConnectResponse) { established(self) }
    func streamEnded(_ ending: TunnelStream.Ending) { endings += 1 }

    func step() {
        var room = [UInt8](repeating: 0, count: 16 * 1024)
        guard manner != .isDeaf else { return }
        let count = recv(outer, &room, room.count, 0)
        guard count >= 0 else { return }
        switch manner {
        case .echoes where count > 0: _ = send(outer, room, count, CInt(MSG_NOSIGNAL))
        case .echoes, .ends: _ = shutdown(outer, CInt(SHUT_WR))
        // A Unix socket's reset: closed for both with bytes unread.
        case .resets: _ = shutdown(outer, CInt(SHUT_RDWR))
        case .isDeaf: break
        }
    }
}
