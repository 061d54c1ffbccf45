import HBONE
import Testing

struct TunnelPoolStateTests {
    private var state = TunnelPoolState<String>(streamLimit: 2)

    @Test mutating func `the second connection to a destination shares the first one's tunnel`() {
        #expect(state.request("a", now: 0, retiresAt: 100) == .make(1))
        state.opened(1, peerLimit: 100)
        #expect(state.request("a", now: 0, retiresAt: 100) == .use(1))
    }

    @Test mutating func `who comes while the tunnel is on its way waits for it`() {
        #expect(state.request("a", now: 0, retiresAt: 100) == .make(1))
        #expect(state.request("a", now: 0, retiresAt: 100) == .wait(1))
    }

    @Test mutating func `a tunnel on its way holds up no other destination`() {
        #expect(state.request("a", now: 0, retiresAt: 100) == .make(1))
        #expect(state.request("b", now: 0, retiresAt: 100) == .make(2))
    }

    @Test mutating func `a full tunnel is followed by another`() {
        #expect(state.request("a", now: 0, retiresAt: 100) == .make(1))
        state.opened(1, peerLimit: 100)
        #expect(state.request("a", now: 0, retiresAt: 100) == .use(1))
        #expect(state.request("a", now: 0, retiresAt: 100) == .make(2))
        state.released(1, now: 0)
        state.opened(2, peerLimit: 100)
        #expect(state.request("a", now: 0, retiresAt: 100) == .use(2))
        #expect(state.request("a", now: 0, retiresAt: 100) == .use(1))
    }

    @Test mutating func `a peer that takes fewer streams gets fewer`() {
        #expect(state.request("a", now: 0, retiresAt: 100) == .make(1))
        state.opened(1, peerLimit: 1)
        #expect(state.request("a", now: 0, retiresAt: 100) == .make(2))
    }

    @Test mutating func `a fresh tunnel is made when one is asked for`() {
        #expect(state.request("a", now: 0, retiresAt: 100) == .make(1))
        state.opened(1, peerLimit: 100)
        #expect(state.request("a", isFresh: true, now: 0, retiresAt: 100) == .make(2))
    }

    @Test mutating func `no stream goes on a tunnel that is past its retirement`() {
        #expect(state.request("a", now: 0, retiresAt: 100) == .make(1))
        state.opened(1, peerLimit: 100)
        #expect(state.request("a", now: 100, retiresAt: 200) == .make(2))
    }

    @Test mutating func `a retired or lost tunnel takes no stream`() {
        #expect(state.request("a", now: 0, retiresAt: 100) == .make(1))
        state.opened(1, peerLimit: 100)
        state.retired(1)
        #expect(state.request("a", now: 0, retiresAt: 100) == .make(2))
        state.opened(2, peerLimit: 100)
        state.lost(2)
        #expect(state.request("a", now: 0, retiresAt: 100) == .make(3))
        #expect(state.tunnelCount == 2)
    }

    @Test mutating func `only an open tunnel without streams is idle`() {
        #expect(state.request("a", now: 0, retiresAt: 1000) == .make(1))
        #expect(state.idle(before: 500, now: 500).isEmpty)
        state.opened(1, peerLimit: 100)
        #expect(state.idle(before: 500, now: 500).isEmpty)
        state.released(1, now: 10)
        #expect(state.idle(before: 10, now: 500).isEmpty)
        #expect(state.idle(before: 11, now: 500) == [1])
    }

    @Test mutating func `of tunnels that a burst leaves without streams one is kept for each destination`() {
        for _ in 0..<6 { _ = state.request("a", now: 0, retiresAt: 100) }
        _ = state.request("b", now: 0, retiresAt: 100)
        for id: UInt64 in 1...4 { state.opened(id, peerLimit: 100) }
        #expect(!state.hasSurplus)
        // Two of them have no stream any more, then the third; that to another place stays whatever becomes of these.
        for id: UInt64 in [1, 1, 2, 2, 4] { state.released(id, now: 10) }
        #expect(state.surplus(before: 10) == [])
        #expect(state.surplus(before: 11) == [1])
        for _ in 0..<2 { state.released(3, now: 12) }
        #expect(state.surplus(before: 13) == [1, 2])
        state.retired(1)
        state.retired(2)
        #expect(!state.hasSurplus)
        #expect(state.request("a", now: 13, retiresAt: 100) == .use(3))
    }
}
