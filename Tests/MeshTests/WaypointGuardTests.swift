import Mesh
import Testing

/// What a guard of a workload's port is called, and what it means.
struct WaypointGuardTests {
    private static let way = NamespacedName("shop/way")!
    private static let next = NamespacedName("infra/next.one")!

    @Test(arguments: [true, false])
    func `its name tells the port to those who dial it, whether it refuses already or not`(isInForce: Bool) {
        let name = WaypointGuard(accounts: [Self.way, Self.next], port: 8080, isInForce: isInForce).name
        #expect(name.hasSuffix("only_through_infra_next.one_or_shop_way_8080"))
        #expect(WaypointGuard.isGuard(name, of: 8080))
        for port in [0, 80, 808, 8081, 18080] as [UInt16] { #expect(!WaypointGuard.isGuard(name, of: port)) }
    }

    @Test(arguments: [
        "", "_", "allow-8080", "slipstream_only_through_", "slipstream_only_through_x_8080x",
        "slipstream_only_through_x_65536", "slipstream_only_through_x_-1", "x_slipstream_only_through_a_8080",
    ])
    func `another policy's name is none of a guard`(name: String) {
        for port in [0, 1, 8080, .max] as [UInt16] { #expect(!WaypointGuard.isGuard(name, of: port)) }
    }

    @Test func `what is only announced refuses nobody`() {
        var attributes = ConnectionAttributes.frontend
        attributes.destination.port = 8080
        func isAllowed(_ isInForce: Bool) -> Bool {
            let guarding = WaypointGuard(accounts: [Self.way], port: 8080, isInForce: isInForce)
            let policy = guarding.policy(in: "shop", trustDomain: "cluster.local")
            return EffectivePolicies(sets: [PolicySet([policy])]).decide(attributes).isAllowed
        }
        #expect(isAllowed(false) && !isAllowed(true))
        attributes.waypoint = SPIFFEIdentity("spiffe://cluster.local/ns/shop/sa/way")!
        #expect(isAllowed(true))
        attributes.waypoint = SPIFFEIdentity("spiffe://other/ns/shop/sa/way")!
        #expect(!isAllowed(true))
    }
}
