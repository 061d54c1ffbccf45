import Testing

@testable import ZTunnel

struct HalfRelayTests {
    private var half = HalfRelay()

    @Test mutating func `what is read is written before more is read`() {
        #expect(half.next() == .fill)
        #expect(half.filled() == .drain)
        #expect(half.drained(isEmpty: false) == .drain)
        #expect(half.drained(isEmpty: true) == .fill)
    }

    @Test mutating func `a target that takes nothing stops the source from being read`() {
        #expect(half.filled() == .drain)
        #expect(half.targetBlocked() == .await)
        #expect(half.sourceReady() == .await)
        #expect(half.targetReady() == .drain)
    }

    @Test mutating func `FIN waits until every byte is written`() {
        #expect(half.filled() == .drain)
        #expect(half.targetBlocked() == .await)
        #expect(half.sourceEnded() == .await)
        #expect(half.targetReady() == .drain)
        #expect(half.drained(isEmpty: true) == .shutdownTarget)
        #expect(half.targetShutDown() == .finished)
        #expect(half.isFinished)
    }

    @Test mutating func `an empty source that ends is passed on at once`() {
        #expect(half.sourceBlocked() == .await)
        #expect(half.sourceReady() == .fill)
        #expect(half.sourceEnded() == .shutdownTarget)
    }

    @Test mutating func `nothing that is told after the end changes it`() {
        #expect(half.sourceEnded() == .shutdownTarget)
        #expect(half.targetShutDown() == .finished)
        #expect(half.sourceReady() == .finished)
        #expect(half.targetReady() == .finished)
    }

    /// Every order of events up to eight steps: a source is never read over unwritten bytes, and FIN never overtakes one.
    @Test func `no order of events loses a byte or an end`() {
        explore(HalfRelay(), pending: false, ended: false, depth: 8)
    }

    private func explore(_ half: HalfRelay, pending: Bool, ended: Bool, depth: Int) {
        guard depth > 0 else { return }
        func after(_ pending: Bool, _ ended: Bool, _ event: (inout HalfRelay) -> HalfRelay.Step) {
            var next = half
            let step = event(&next)
            switch step {
            case .fill: #expect(!pending && !ended)
            case .drain: #expect(pending)
            case .shutdownTarget: #expect(!pending && ended)
            case .await, .finished: break
            }
            explore(next, pending: pending, ended: ended, depth: depth - 1)
        }
        after(pending, ended) { $0.sourceReady() }
        after(pending, ended) { $0.targetReady() }
        switch half.next() {
        case .fill:
            after(true, ended) { $0.filled() }
            after(pending, ended) { $0.sourceBlocked() }
            after(pending, true) { $0.sourceEnded() }
        case .drain:
            after(false, ended) { $0.drained(isEmpty: true) }
            after(true, ended) { $0.drained(isEmpty: false) }
            after(pending, ended) { $0.targetBlocked() }
        case .shutdownTarget: after(pending, ended) { $0.targetShutDown() }
        case .await, .finished: break
        }
    }
}
