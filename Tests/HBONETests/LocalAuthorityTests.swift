import Mesh
import TestCertificates
import Testing

@testable import HBONE

struct LocalAuthorityTests {
    /// The authority is older than any skew of clocks by the time of issue.
    @Test(arguments: [60, 120, 240, 600, 24 * 3600])
    func `a certificate is not half over when it is issued, however short its life`(lifetimeSeconds: Int64) throws {
        let box = try LocalAuthorityBox()
        let now = LocalAuthorityBox.now + 3600
        let credential = try box.authority.issue(
            to: TunnelPair.client, now: now, lifetimeSeconds: lifetimeSeconds)
        #expect(credential.notAfter == now + lifetimeSeconds)
        #expect(credential.notBefore < now)
        #expect(credential.halfLife >= now + lifetimeSeconds / 3)
    }
}

struct ValidityTests {
    @Test func `a tunnel grows no older than half its certificate's life`() {
        #expect((Int64(1000)...2000).retirement(ofTunnelMadeAt: 1100) == 1600)
    }

    @Test func `a tunnel does not outlive its certificate`() {
        #expect((Int64(1000)...2000).retirement(ofTunnelMadeAt: 1900) == 2000)
    }

    @Test func `a tunnel that is made when a successor of its certificate is due can be shared all the same`() {
        #expect((Int64(1000)...2000).retirement(ofTunnelMadeAt: 1500) == 2000)
    }
}
