import Glibc
import HBONE
import Mesh
import Reactor
import TestCertificates
import Testing

/// A pool whose owner lets go of it at the worst moment: while it answers.
struct TunnelPoolTests {
    private final class Owner {
        var pool: TunnelPool?
        var outcomes: [String] = []
    }

    enum Moment: CaseIterable {
        /// The attempt fails before it has begun, on its way, in the handshake; or the tunnel is there.
        case dialFails, connectionFails, handshakeFails, tunnelOpens
    }

    private let authority: LocalAuthorityBox

    init() throws { authority = try LocalAuthorityBox() }

    @Test(arguments: Moment.allCases)
    func `a pool may be freed within its own answer, whichever it is`(moment: Moment) throws {
        let pair = try TunnelPair(
            client: authority.issue(TunnelPair.client), server: authority.issue(TunnelPair.server))
        let owner = Owner()
        weak var freed: TunnelPool?
        owner.pool = TunnelPool(
            on: pair.reactor, TunnelScratch(), settings: HTTP2Settings(), limits: TunnelPool.Limits(),
            StorageBudget(limit: 1 << 20)
        ) { address throws(Errno) in
            if moment == .dialFails { throw .timedOut }
            return try Socket.connect(to: address, options: Socket.Options())
        }
        freed = owner.pool
        // Nobody listens on the port of echo requests.
        let target = moment == .connectionFails ? SocketAddress(.loopback(.v4), 7) : pair.address
        let expected = moment == .handshakeFails ? TunnelPair.client : TunnelPair.server
        let key = TunnelKey(source: TunnelPair.client, destination: target, expected: [expected])
        let context = try TLSContext(.client, authority.issue(TunnelPair.client))
        // Two wait for the same tunnel: the second is answered by a pool that nobody has any more.
        for _ in 0..<2 {
            _ = owner.pool?.tunnel(key, as: context) { result in
                switch result {
                case .success: owner.outcomes.append("opened")
                case .failure: owner.outcomes.append("failed")
                }
                owner.pool?.closeAll()
                owner.pool = nil
            }
        }
        #expect(try pair.run { !owner.outcomes.isEmpty && owner.pool == nil && freed == nil })
        #expect(owner.outcomes.first == (moment == .tunnelOpens ? "opened" : "failed"))
        // What the pool had set going must not reach for it any more.
        _ = try pair.run { pair.closed[.server] != nil || moment != .tunnelOpens }
    }
}
