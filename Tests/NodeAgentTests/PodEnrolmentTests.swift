import Discovery
import Testing

@testable import NodeAgent

struct PodEnrolmentTests {
    @Test func `the rules are loaded once the proxy has acknowledged, and no earlier`() {
        var pod = PodEnrolment()
        #expect(pod.found(.untouched) == [.report(.pending, "waiting for the node proxy"), .announce])
        #expect(pod.acknowledged(mayBeCalled: false) == [.capture(.all)])
        #expect(pod.captured(.all) == [.report(.enabled, "")])
    }

    @Test func `rules that are in order are left alone when the agent starts again`() {
        var pod = PodEnrolment()
        #expect(pod.found(.inOrder) == [.report(.enabled, ""), .announce])
        #expect(pod.acknowledged(mayBeCalled: true) == [])
    }

    @Test func `rules of another version are replaced at once, and the pod stays in`() {
        var pod = PodEnrolment()
        let orders = pod.found(.differs("a chain more"))
        #expect(pod.phase == .enabled)
        #expect(orders.first == .report(.enabled, ""))
        #expect(orders.suffix(2) == [.capture(.all), .announce])
        #expect(pod.captureFailed("no nftables") == [.report(.failed, "no nftables"), .retry])
    }

    @Test func `a proxy that comes back disturbs nothing`() {
        var pod = enabled()
        #expect(pod.acknowledged(mayBeCalled: true) == [])
        #expect(pod.phase == .enabled)
    }

    @Test func `a pod that may be called takes tunnels first, and what comes without one is captured a moment later`() {
        var pod = PodEnrolment()
        _ = pod.found(.untouched)
        #expect(pod.acknowledged(mayBeCalled: true) == [.capture(.outgoing)])
        let orders = pod.captured(.outgoing)
        #expect(pod.phase == .joining)
        #expect(orders.last == .giveNotice(milliseconds: PodEnrolment.noticeMilliseconds))
        guard case .report(.joining, _)? = orders.first else { return #expect(orders.first == nil) }
        #expect(pod.acknowledged(mayBeCalled: true) == [], "a proxy that comes back changes nothing")
        #expect(pod.noticePassed() == [.capture(.all)])
        #expect(pod.captured(.all) == [.report(.enabled, "")])
        #expect(pod.noticePassed() == [])
    }

    @Test func `whatever goes wrong, the moment in which a pod is open is not given twice`() {
        var failed = joining()
        _ = failed.noticePassed()
        #expect(failed.captureFailed("no nftables") == [.report(.failed, "no nftables"), .retry])
        _ = failed.retryIsDue()
        #expect(failed.acknowledged(mayBeCalled: true) == [.capture(.all)])
        var restarted = PodEnrolment()
        #expect(restarted.found(.differs("no rules for what comes in")).contains(.capture(.all)))
        _ = restarted.captureFailed("no nftables")
        #expect(restarted.acknowledged(mayBeCalled: true) == [.capture(.all)])
    }

    @Test func `a pod may leave while it joins`() {
        var pod = joining()
        #expect(pod.removed(namespaceIsGone: false) == [.report(.releasing, ""), .drain])
        #expect(pod.noticePassed() == [])
        var gone = joining()
        #expect(gone.removed(namespaceIsGone: true) == [.report(.releasing, ""), .withdraw])
    }

    @Test func `a refusal is reported and the pod is announced again`() {
        var pod = PodEnrolment()
        _ = pod.found(.untouched)
        #expect(pod.refused("no") == [.report(.pending, "the node proxy refused: no"), .retry])
        #expect(pod.retryIsDue() == [.announce])
        #expect(pod.acknowledged(mayBeCalled: false) == [.capture(.all)])
    }

    @Test func `a capture that fails is told and tried again from the start`() {
        var pod = PodEnrolment()
        _ = pod.found(.untouched)
        _ = pod.acknowledged(mayBeCalled: false)
        #expect(pod.captureFailed("no nftables") == [.report(.failed, "no nftables"), .retry])
        #expect(pod.retryIsDue() == [.announce])
        #expect(pod.acknowledged(mayBeCalled: false) == [.capture(.all)])
        #expect(pod.captured(.all) == [.report(.enabled, "")])
    }

    @Test func `what somebody else changed is put right`() {
        var pod = enabled()
        #expect(pod.inspected(.inOrder) == [])
        #expect(pod.inspected(.differs("chain x is missing")).last == .capture(.all))
        #expect(pod.inspected(.untouched).last == .capture(.all))
        #expect(pod.captured(.all) == [])
        #expect(pod.captureFailed("why") == [.report(.failed, "why"), .retry])
    }

    @Test func `a pod leaves when its last captured connection has ended`() {
        var pod = enabled()
        #expect(pod.removed(namespaceIsGone: false) == [.report(.releasing, ""), .drain])
        #expect(pod.drained() == [.startDeadline, .count(afterMilliseconds: PodEnrolment.noticeMilliseconds)])
        #expect(pod.counted(2) == [.count(afterMilliseconds: PodEnrolment.countIntervalMilliseconds)])
        #expect(pod.inspected(.differs("as it should")) == [])
        #expect(pod.counted(0) == [.withdraw])
        #expect(pod.deadlinePassed() == [])
        #expect(pod.withdrawn() == [.settle(afterMilliseconds: 0)])
        #expect(pod.settled(0) == [.release, .report(.released, ""), .forget])
        #expect(pod.withdrawn() == [])
        #expect(pod.settled(0) == [])
    }

    @Test func `a pod leaves at the deadline, and the log says how many connections that cut`() {
        var pod = enabled()
        _ = pod.removed(namespaceIsGone: false)
        _ = pod.drained()
        _ = pod.counted(3)
        #expect(pod.deadlinePassed() == [.warn("3 connections did not end in time and are cut"), .withdraw])
        #expect(pod.counted(0) == [])
    }

    @Test func `a pod that leaves waits for connections that are translated, but not for ever`() {
        var pod = enabled()
        _ = pod.removed(namespaceIsGone: false)
        _ = pod.drained()
        _ = pod.counted(0)
        _ = pod.withdrawn()
        #expect(pod.settled(1) == [.settle(afterMilliseconds: PodEnrolment.countIntervalMilliseconds)])
        var orders: [PodEnrolment.Order] = []
        while pod.phase == .settling { orders = pod.settled(1) }
        #expect(orders.first == .warn("1 translated connections did not end in time and are cut"))
        #expect(orders.contains(.release))
    }

    @Test func `a pod that was never captured, or is gone itself, does not wait for anybody`() {
        var waiting = PodEnrolment()
        _ = waiting.found(.untouched)
        #expect(waiting.removed(namespaceIsGone: false) == [.report(.releasing, ""), .withdraw])
        #expect(waiting.acknowledged(mayBeCalled: true) == [], "an answer that comes late captures nothing")
        var gone = enabled()
        #expect(gone.removed(namespaceIsGone: true) == [.report(.releasing, ""), .withdraw])
    }

    @Test func `a release that an agent before this one began goes on`() {
        var pod = PodEnrolment()
        _ = pod.found(.draining)
        #expect(pod.removed(namespaceIsGone: false) == [.report(.releasing, ""), .drain])
    }

    @Test func `however many reasons there are to try again, one try is planned`() {
        var pod = PodEnrolment()
        _ = pod.found(.untouched)
        #expect(pod.refused("no").contains(.retry))
        #expect(!pod.refused("no").contains(.retry))
        _ = pod.retryIsDue()
        #expect(pod.refused("no").contains(.retry))
    }

    @Test func `a pod that is wanted again while it leaves starts over when it has left`() {
        var pod = enabled()
        _ = pod.removed(namespaceIsGone: false)
        pod.returned()
        #expect(pod.drainFailed("why").last == .withdraw)
        #expect(pod.withdrawn() == [.release, .report(.released, ""), .startOver])
    }

    private func joining() -> PodEnrolment {
        var pod = PodEnrolment()
        _ = pod.found(.untouched)
        _ = pod.acknowledged(mayBeCalled: true)
        _ = pod.captured(.outgoing)
        return pod
    }

    private func enabled() -> PodEnrolment {
        var pod = PodEnrolment()
        _ = pod.found(.untouched)
        _ = pod.acknowledged(mayBeCalled: false)
        _ = pod.captured(.all)
        return pod
    }
}
