import Discovery
import Testing

@testable import NodeAgent

struct ZDSSessionTests {
    static let hello: [UInt8] = [0x08, 0x01]
    static let ack: [UInt8] = [0x0a, 0x00]
    static let pod = ZDSPod(name: "web", namespace: "shop", serviceAccount: "web")
    static let add = ZDSRequest.add(uid: "a", pod)

    @Test func `after the hello come all pods, one after the answer to another, and that this was all`() {
        var session = ZDSSession()
        #expect(session.received(Self.hello) { [Self.add, .add(uid: "b", Self.pod)] } == [.send(Self.add)])
        #expect(
            session.received(Self.ack) { [] } == [.answered(Self.add, error: nil), .send(.add(uid: "b", Self.pod))])
        #expect(session.received(Self.ack) { [] }.last == .send(.snapshotSent))
        #expect(session.isAwaited)
        #expect(session.received(Self.ack) { [] } == [.answered(.snapshotSent, error: nil)])
        #expect(!session.isAwaited)
    }

    @Test func `what is submitted waits for its turn`() {
        var session = ZDSSession()
        #expect(session.submit(Self.add) == [], "the list of pods will say it")
        _ = session.received(Self.hello) { [] }
        #expect(session.submit(.del(uid: "a")) == [])
        #expect(session.submit(.del(uid: "a")) == [], "once is enough")
        #expect(session.received(Self.ack) { [] } == [.answered(.snapshotSent, error: nil), .send(.del(uid: "a"))])
        #expect(session.received(Self.ack) { [] } == [.answered(.del(uid: "a"), error: nil)])
    }

    @Test func `a refusal carries its reason and ends nothing`() {
        var session = ZDSSession()
        _ = session.received(Self.hello) { [Self.add] }
        let orders = session.received([0x0a, 0x04, 0x0a, 0x02, 0x6e, 0x6f]) { [] }
        #expect(orders == [.answered(Self.add, error: "no"), .send(.snapshotSent)])
    }

    @Test(arguments: [[0x08, 0x02], [0xff], [], [UInt8](repeating: 0x41, count: 1024)] as [[UInt8]])
    func `a peer that does not greet as it should is sent away`(packet: [UInt8]) {
        var session = ZDSSession()
        guard case .close = session.received(packet, pods: { [] }).first else {
            Issue.record("\(packet) was taken for a hello")
            return
        }
    }

    @Test func `an answer to nothing, or no answer, ends the session`() {
        var session = ZDSSession()
        #expect(session.deadlinePassed() == [.close("no hello in time")])
        _ = session.received(Self.hello) { [] }
        #expect(session.deadlinePassed() == [.close("no answer in time")])
        _ = session.received(Self.ack) { [] }
        #expect(session.deadlinePassed() == [])
        #expect(session.received(Self.ack) { [] } == [.close("an answer that nobody asked for")])
    }

    @Test func `what was not answered when a proxy goes is known`() {
        var session = ZDSSession()
        _ = session.received(Self.hello) { [Self.add] }
        _ = session.submit(.del(uid: "b"))
        #expect(session.ended() == [Self.add, .snapshotSent, .del(uid: "b")])
        #expect(session.received(Self.ack) { [] } == [])
    }
}
