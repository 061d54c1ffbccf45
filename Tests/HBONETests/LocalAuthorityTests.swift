import HBONE
import Mesh
import Testing

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
