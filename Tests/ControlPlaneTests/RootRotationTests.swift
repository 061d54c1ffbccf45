import ControlPlane
import Discovery
import Mesh
import Testing

struct RootRotationTests {
    private static let old = Fingerprint(Array(repeating: 1, count: 32))!
    private static let new = Fingerprint(Array(repeating: 2, count: 32))!

    private func rotation(
        _ phase: RotationRecord.Phase, awaited: [String: Int64] = [:], settling: Int64 = 0
    ) -> RootRotation {
        RootRotation(
            RotationRecord(phase, old: Self.old, new: Self.new, since: 100, awaited: awaited),
            settlingSeconds: settling)
    }

    private func register(_ connected: String...) -> TrustRegister {
        var register = TrustRegister()
        for holder in connected { register.opened(holder) }
        return register
    }

    @Test func `the new root signs once everybody who is connected goes by both`() {
        var rotation = rotation(.announcing)
        var register = register("one", "other")
        #expect(rotation.dueStep(register, bundle: "v", now: 100) == nil)
        register.reported(TrustReport(version: "v", restsOn: [Self.old]), by: "one")
        register.reported(TrustReport(version: "earlier", restsOn: [Self.old]), by: "other")
        #expect(rotation.dueStep(register, bundle: "v", now: 1_000_000) == nil)
        #expect(
            rotation.laggards(register, bundle: "v", now: 100)
                == [.init(holder: "other", reason: .unacknowledged, until: nil)])
        register.reported(TrustReport(version: "v", restsOn: [Self.old]), by: "other")
        #expect(rotation.dueStep(register, bundle: "v", now: 100) == .sign)
    }

    @Test func `the old root goes once nothing rests on it`() {
        var rotation = rotation(.signing)
        var register = register("one")
        register.reported(TrustReport(version: "v", restsOn: [Self.old, Self.new]), by: "one")
        #expect(rotation.dueStep(register, bundle: "v", now: 1_000_000) == nil)
        #expect(rotation.laggards(register, bundle: "v", now: 100).first?.reason == .restsOnOld)
        register.reported(TrustReport(version: "v", restsOn: [Self.new]), by: "one")
        #expect(rotation.dueStep(register, bundle: "v", now: 100) == .finish)
    }

    @Test(arguments: [RotationRecord.Phase.announcing, .signing])
    func `who says nothing is waited for until its certificates have ended`(phase: RotationRecord.Phase) {
        var rotation = rotation(phase, awaited: ["foreign": 500])
        let register = TrustRegister(holders: ["foreign": 500])
        #expect(rotation.dueStep(register, bundle: "v", now: 499) == nil)
        #expect(rotation.laggards(register, bundle: "v", now: 499).map(\.until) == [510])
        #expect(rotation.dueStep(register, bundle: "v", now: 509) == nil)
        #expect(rotation.dueStep(register, bundle: "v", now: 510) == (phase == .announcing ? .sign : .finish))
    }

    @Test func `who came after a step began, and is not connected, is not waited for`() {
        var rotation = rotation(.announcing, awaited: [:])
        let register = TrustRegister(holders: ["newcomer": 100_000])
        #expect(rotation.dueStep(register, bundle: "v", now: 100) == .sign)
    }

    @Test func `who goes away is still waited for, and what it has said still counts`() {
        var rotation = rotation(.signing, awaited: ["one": 5000])
        var register = TrustRegister(holders: ["one": 5000])
        register.opened("one")
        register.closed("one")
        #expect(rotation.dueStep(register, bundle: "v", now: 100) == nil)
        register.opened("one")
        register.reported(TrustReport(version: "v", restsOn: [Self.new]), by: "one")
        register.closed("one")
        #expect(rotation.dueStep(register, bundle: "v", now: 100) == .finish)
    }

    @Test func `a step waits until nobody has had to be waited for, all the time, for a while`() {
        var rotation = rotation(.signing, settling: 10)
        var register = register("one")
        let clear = TrustReport(version: "v", restsOn: [Self.new])
        register.reported(clear, by: "one")
        #expect(rotation.dueStep(register, bundle: "v", now: 100) == nil)
        #expect(rotation.dueStep(register, bundle: "v", now: 109) == nil)
        // A certificate that was on its way has come.
        register.reported(TrustReport(version: "v", restsOn: [Self.old, Self.new]), by: "one")
        #expect(rotation.dueStep(register, bundle: "v", now: 110) == nil)
        register.reported(clear, by: "one")
        #expect(rotation.dueStep(register, bundle: "v", now: 111) == nil)
        #expect(rotation.dueStep(register, bundle: "v", now: 120) == nil)
        #expect(rotation.dueStep(register, bundle: "v", now: 121) == .finish)
    }

    @Test func `who rejects the roots is named with its reason, and nothing goes on`() {
        var rotation = rotation(.announcing)
        var register = register("one")
        register.reported(TrustReport(version: "", restsOn: [], rejection: "no certificate"), by: "one")
        #expect(rotation.dueStep(register, bundle: "v", now: 1_000_000) == nil)
        #expect(rotation.laggards(register, bundle: "v", now: 100).first?.reason == .rejects("no certificate"))
    }

    @Test func `the next step waits for those who hold certificates when it begins`() {
        let register = TrustRegister(holders: ["one": 1000, "gone": 150])
        let next = rotation(.announcing, awaited: ["earlier": 300]).successor(of: .sign, register, now: 200)
        #expect(next.phase == .signing && next.since == 200 && next.awaited == ["one": 1000])
        #expect(rotation(.signing).successor(of: .finish, register, now: 200).phase == .finishing)
    }

    @Test func `of who is gone and has nothing valid nothing is known`() {
        var register = TrustRegister(holders: ["gone": 100, "there": 100])
        register.opened("there")
        register.reported(TrustReport(version: "v", restsOn: []), by: "gone")
        register.forgetEnded(now: 200)
        #expect(register.holders == ["there": 100] && register.reports.isEmpty)
    }
}
