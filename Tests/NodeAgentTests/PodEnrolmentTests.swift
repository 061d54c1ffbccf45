import Discovery
import Testing

@testable import NodeAgent

struct PodEnrolmentTests {
    @Test func `the rules are loaded once the proxy has acknowledged, and no earlier`() {
        var pod = PodEnrolment()
        #expect(pod.found(.untouched) == [.report(.pending, "waiting for the node proxy"), .announce])
        #expect(pod.acknowledged() == [.capture])
        #expect(pod.captured() == [.report(.enabled, "")])
    }

    @Test func `rules that are in order are left alone when the agent starts again`() {
        var pod = PodEnrolment()
        #expect(pod.found(.inOrder) == [.report(.enabled, ""), .announce])
        #expect(pod.acknowledged() == [])
    }

    @Test func `rules that are half there wait for the proxy like none`() {
        var pod = PodEnrolment()
        #expect(pod.found(.differs("something")).contains(.announce))
        #expect(pod.retryIsDue() == [.announce])
        #expect(pod.acknowledged() == [.capture])
    }

    @Test func `a proxy that comes back disturbs nothing`() {
        var pod = enabled()
        #expect(pod.acknowledged() == [])
        #expect(pod.phase == .enabled)
    }

    @Test func `a refusal is reported and the pod is announced again`() {
        var pod = PodEnrolment()
        _ = pod.found(.untouched)
        #expect(pod.refused("no") == [.report(.pending, "the node proxy refused: no"), .retry])
        #expect(pod.retryIsDue() == [.announce])
        #expect(pod.acknowledged() == [.capture])
    }

    @Test func `a capture that fails is told and tried again from the start`() {
        var pod = PodEnrolment()
        _ = pod.found(.untouched)
        _ = pod.acknowledged()
        #expect(pod.captureFailed("no nftables") == [.report(.failed, "no nftables"), .retry])
        #expect(pod.retryIsDue() == [.announce])
        #expect(pod.acknowledged() == [.capture])
        #expect(pod.captured() == [.report(.enabled, "")])
    }

    @Test func `what somebody else changed is put right`() {
        var pod = enabled()
        #expect(pod.inspected(.inOrder) == [])
        #expect(pod.inspected(.differs("chain x is missing")).last == .capture)
        #expect(pod.inspected(.untouched).last == .capture)
        #expect(pod.captured() == [])
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
        #expect(pod.withdrawn() == [.release, .report(.released, ""), .forget])
        #expect(pod.withdrawn() == [])
    }

    @Test func `a pod leaves at the deadline, and the log says how many connections that cut`() {
        var pod = enabled()
        _ = pod.removed(namespaceIsGone: false)
        _ = pod.drained()
        _ = pod.counted(3)
        #expect(pod.deadlinePassed() == [.warn("3 connections did not end in time and are cut"), .withdraw])
        #expect(pod.counted(0) == [])
    }

    @Test func `a pod that was never captured, or is gone itself, does not wait for anybody`() {
        var waiting = PodEnrolment()
        _ = waiting.found(.untouched)
        #expect(waiting.removed(namespaceIsGone: false) == [.report(.releasing, ""), .withdraw])
        #expect(waiting.acknowledged() == [], "an answer that comes late captures nothing")
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

    private func enabled() -> PodEnrolment {
        var pod = PodEnrolment()
        _ = pod.found(.untouched)
        _ = pod.acknowledged()
        _ = pod.captured()
        return pod
    }
}
