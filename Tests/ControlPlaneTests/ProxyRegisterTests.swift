import Controller
import Mesh
import Testing

@testable import ControlPlane

struct ProxyRegisterTests {
    private static let start = Kubernetes.Timestamp(secondsSinceEpoch: 1_000)
    private static let later = Kubernetes.Timestamp(secondsSinceEpoch: 1_060)
    private static let gateway = NamespacedName(namespace: "shop", name: "waypoint")

    private static func register(with role: ProxyState.Role, isAway: Bool) -> ProxyRegister {
        var register = ProxyRegister(memorySeconds: 3_600, start: start)
        let id = ProxyState.ID(name: "shop/proxy", process: "1")
        register.connect(ProxyState(id: id, role: role, node: "node-1", isOurs: true, sessionStart: 1))
        if isAway { register.disconnect(id, sessionStart: 1, at: start) }
        return register
    }

    @Test(arguments: [true, false])
    func `a waypoint that is away is forgotten with its Gateway, not before`(hasGateway: Bool) {
        var register = Self.register(with: .waypoint(Self.gateway), isAway: true)
        let hasForgotten = register.forgetLost(
            nodes: { _ in true }, gateways: { hasGateway && $0 == Self.gateway }, now: Self.later)
        #expect(hasForgotten != hasGateway)
        #expect(register.states.isEmpty != hasGateway)
    }

    @Test func `a waypoint that is connected is known, with a Gateway or without`() {
        var register = Self.register(with: .waypoint(Self.gateway), isAway: false)
        let hasForgotten = register.forgetLost(nodes: { _ in true }, gateways: { _ in false }, now: Self.later)
        #expect(!hasForgotten && register.states.count == 1)
    }

    @Test(arguments: [true, false])
    func `a node's proxy that is away is forgotten with its node, not before`(hasNode: Bool) {
        var register = Self.register(with: .ztunnel, isAway: true)
        let hasForgotten = register.forgetLost(nodes: { _ in hasNode }, gateways: { _ in false }, now: Self.later)
        #expect(hasForgotten != hasNode)
    }
}
