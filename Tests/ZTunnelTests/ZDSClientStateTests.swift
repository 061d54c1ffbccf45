import Discovery
import Testing

@testable import ZTunnel

private typealias Action = ZDSClientState.Action

private let cart = ZDSPod(name: "cart", namespace: "shop", serviceAccount: "cart")
private let one = ZDSClientState.NamespaceID(device: 4, inode: 1)
private let two = ZDSClientState.NamespaceID(device: 4, inode: 2)

extension ZDSClientState {
    fileprivate static var inConversation: ZDSClientState {
        var state = ZDSClientState()
        _ = state.connected()
        return state
    }

    /// One that serves `cart` as `a`, and has been told that this is all.
    fileprivate static var serving: ZDSClientState {
        var state = inConversation
        _ = state.received(.add(uid: "a", cart), one)
        _ = state.started(uid: "a", attempt: 1, failure: nil)
        _ = state.received(.snapshotSent, nil)
        return state
    }

    fileprivate mutating func received(_ request: ZDSRequest) -> [Action] { received(request, nil) }
}

struct ZDSClientStateTests {
    @Test func `the conversation begins with hello, and is ready once all pods named are served`() {
        var state = ZDSClientState()
        #expect(!state.isReady)
        #expect(state.connected() == [.sendHello])
        #expect(state.received(.add(uid: "a", cart), one) == [.start(uid: "a", cart, attempt: 1)])
        #expect(state.received(.snapshotSent) == [] && !state.isReady)
        #expect(state.pendingReasons == ["shop/cart: starting"])
        #expect(
            state.started(uid: "a", attempt: 1, failure: nil) == [.acknowledge(error: nil), .acknowledge(error: nil)])
        #expect(state.isReady && state.podCount == (1, 0))
    }

    @Test func `a node without pods is ready after the snapshot`() {
        var state = ZDSClientState.inConversation
        #expect(!state.isReady)
        #expect(state.received(.snapshotSent) == [.acknowledge(error: nil)])
        #expect(state.isReady)
    }

    @Test func `an add that another one of its uid replaces is answered, and holds up nobody`() {
        var state = ZDSClientState.inConversation
        _ = state.received(.add(uid: "a", cart), one)
        #expect(
            state.received(.add(uid: "a", cart), two)
                == [.acknowledge(error: "another pod of this uid has come"), .start(uid: "a", cart, attempt: 2)])
        #expect(state.started(uid: "a", attempt: 1, failure: nil) == [])
        #expect(state.started(uid: "a", attempt: 2, failure: nil) == [.acknowledge(error: nil)])
        #expect(state.received(.snapshotSent) == [.acknowledge(error: nil)])
    }

    @Test func `requests are acknowledged in their order, whichever is done first`() {
        var state = ZDSClientState.inConversation
        _ = state.received(.add(uid: "a", cart), one)
        _ = state.received(.add(uid: "b", cart), two)
        #expect(state.started(uid: "b", attempt: 2, failure: "no room") == [])
        #expect(
            state.started(uid: "a", attempt: 1, failure: nil)
                == [.acknowledge(error: nil), .acknowledge(error: "no room")])
    }

    @Test func `a pod that cannot be served stays pending, is tried again, and keeps the node from being ready`() {
        var state = ZDSClientState.inConversation
        _ = state.received(.add(uid: "a", cart), one)
        #expect(state.started(uid: "a", attempt: 1, failure: "no room") == [.acknowledge(error: "no room")])
        _ = state.received(.snapshotSent)
        #expect(!state.isReady && state.pendingReasons == ["shop/cart: no room"] && state.podCount == (0, 1))
        #expect(state.retry() == [.start(uid: "a", cart, attempt: 2)])
        #expect(state.retry() == [])
        #expect(state.started(uid: "a", attempt: 2, failure: nil) == [])
        #expect(state.isReady && state.retry() == [])
    }

    @Test func `an answer to an attempt that is over counts for nothing`() {
        var state = ZDSClientState.inConversation
        _ = state.received(.add(uid: "a", cart), one)
        _ = state.received(.add(uid: "a", cart), two)
        #expect(state.started(uid: "a", attempt: 1, failure: nil) == [])
        #expect(state.pendingReasons == ["shop/cart: starting"])
        #expect(state.started(uid: "b", attempt: 2, failure: nil) == [])
    }

    @Test func `the same pod in the same namespace is added once`() {
        var state = ZDSClientState.serving
        #expect(state.received(.add(uid: "a", cart), one) == [.acknowledge(error: nil)])
    }

    @Test func `the same pod in another namespace is started anew`() {
        var state = ZDSClientState.serving
        #expect(state.received(.add(uid: "a", cart), two) == [.start(uid: "a", cart, attempt: 2)])
        #expect(state.started(uid: "a", attempt: 2, failure: nil) == [.acknowledge(error: nil)])
    }

    @Test func `a removal is acknowledged once the pod is drained`() {
        var state = ZDSClientState.serving
        let actions = state.received(.del(uid: "a"))
        #expect(actions.first == .drain(uid: "a") && actions.count == 2)
        #expect(state.drained(uid: "a") == [.acknowledge(error: nil)])
        #expect(state.podCount == (0, 0))
    }

    @Test func `a drain that takes long is answered in time, and asked for again`() throws {
        var state = ZDSClientState.serving
        guard case .limitDrain(let ticket)? = state.received(.del(uid: "a")).last else {
            Issue.record("no limit")
            return
        }
        #expect(state.drainOverdue(ticket: ticket) == [.acknowledge(error: "connections are still open")])
        #expect(state.drainOverdue(ticket: ticket) == [])
        #expect(state.received(.del(uid: "a")).count == 1)
        #expect(state.drained(uid: "a") == [.acknowledge(error: nil)])
        #expect(state.received(.del(uid: "a")) == [.acknowledge(error: nil)])
    }

    @Test func `the limit of a drain that is over changes nothing`() {
        var state = ZDSClientState.serving
        guard case .limitDrain(let ticket)? = state.received(.del(uid: "a")).last else { return }
        _ = state.drained(uid: "a")
        #expect(state.drainOverdue(ticket: ticket) == [])
    }

    @Test func `the removal of a pod that nobody knows is done`() {
        var state = ZDSClientState.serving
        #expect(state.received(.del(uid: "x")) == [.acknowledge(error: nil)])
    }

    @Test func `a pod that comes back while it drains is served, and its removal is over`() {
        var state = ZDSClientState.serving
        _ = state.received(.del(uid: "a"))
        #expect(
            state.received(.add(uid: "a", cart), one)
                == [.acknowledge(error: nil), .start(uid: "a", cart, attempt: 2)])
        #expect(state.drained(uid: "a") == [])
        #expect(state.started(uid: "a", attempt: 2, failure: nil) == [.acknowledge(error: nil)])
    }

    @Test func `a pod that is removed while it starts is drained, and both requests are answered`() {
        var state = ZDSClientState.inConversation
        _ = state.received(.add(uid: "a", cart), one)
        let actions = state.received(.del(uid: "a"))
        #expect(actions.prefix(2) == [.acknowledge(error: "the pod was removed"), .drain(uid: "a")])
        #expect(state.started(uid: "a", attempt: 1, failure: nil) == [])
        #expect(state.drained(uid: "a") == [.acknowledge(error: nil)])
    }

    @Test func `pods outlive the connection, and those that a new one does not name are drained`() {
        var state = ZDSClientState.serving
        #expect(state.disconnected() == [.connect(afterMilliseconds: 10)])
        #expect(!state.isReady && state.podCount == (1, 0))
        _ = state.connected()
        #expect(state.received(.add(uid: "b", cart), two) == [.start(uid: "b", cart, attempt: 2)])
        _ = state.started(uid: "b", attempt: 2, failure: nil)
        #expect(state.received(.snapshotSent) == [.drain(uid: "a"), .acknowledge(error: nil)])
        #expect(state.isReady && state.podCount == (1, 0))
    }

    @Test func `a pod that is kept is not drained`() {
        var state = ZDSClientState.serving
        _ = state.disconnected()
        _ = state.connected()
        #expect(state.received(.keep(uid: "a")) == [.acknowledge(error: nil)])
        #expect(state.received(.keep(uid: "x")) == [.acknowledge(error: "pod is not known here")])
        #expect(state.received(.snapshotSent) == [.acknowledge(error: nil)])
        #expect(state.podCount == (1, 0))
    }

    @Test func `what an agent must not do ends the connection`() {
        var state = ZDSClientState.serving
        let violations: [(ZDSRequest, ZDSClientState.NamespaceID?)] = [
            (.keep(uid: "a"), nil), (.snapshotSent, nil), (.add(uid: "b", cart), nil), (.del(uid: "a"), one),
        ]
        for (request, namespace) in violations {
            guard case .disconnect? = state.received(request, namespace).first else {
                Issue.record("\(request) was taken")
                continue
            }
        }
        #expect(state.podCount == (1, 0))
    }

    @Test func `attempts to connect come further apart, until the agent speaks`() {
        var state = ZDSClientState()
        let delays = (0..<13).compactMap { _ -> UInt64? in
            guard case .connect(let delay)? = state.disconnected().first else { return nil }
            return delay
        }
        #expect(delays == [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10_240, 15_000, 15_000])
        _ = state.connected()
        _ = state.received(.snapshotSent)
        #expect(state.disconnected() == [.connect(afterMilliseconds: 10)])
    }

    @Test func `an agent that never waits for answers is cut off`() {
        var state = ZDSClientState.inConversation
        for number in 0..<4096 { _ = state.received(.add(uid: "\(number)", cart), one) }
        #expect(state.received(.add(uid: "x", cart), one) == [.disconnect(reason: "too many requests")])
    }
}
