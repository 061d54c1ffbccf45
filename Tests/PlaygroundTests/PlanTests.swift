import Mesh
@testable import Playground
import Testing

struct AddressPlanTests {
    @Test func `an address that was given back is not the next one given`() throws {
        var addresses = PodAddresses()
        let taken = addresses.take(onNode: 1)
        let first = try #require(taken)
        #expect(first == IPAddress("10.244.1.2"))
        addresses.giveBack(first, onNode: 1)
        let next = [addresses.take(onNode: 1), addresses.take(onNode: 2)]
        #expect(next == [IPAddress("10.244.1.3"), IPAddress("10.244.2.2")])
    }

    @Test func `a full node gives no address until one is given back`() throws {
        var addresses = PodAddresses()
        var given: [IPAddress] = []
        while let address = addresses.take(onNode: 1) { given.append(address) }
        #expect(Set(given).count == AddressPlan.podsPerNodeLimit)
        addresses.giveBack(given[7], onNode: 1)
        let again = addresses.take(onNode: 1)
        #expect(again == given[7])
    }

    @Test func `a service keeps its virtual address as others come and go`() {
        let cart = NamespacedName(namespace: "shop", name: "cart")
        let catalog = NamespacedName(namespace: "shop", name: "catalog")
        var addresses = ServiceAddresses()
        let alone = addresses.assign([(cart, nil)])
        let together = addresses.assign([(catalog, nil), (cart, nil)])
        let without = addresses.assign([(catalog, nil)])
        #expect(alone[cart] == together[cart])
        #expect(together[cart] != together[catalog])
        #expect(without == [catalog: together[catalog]])
        var another = ServiceAddresses()
        let inTheNextRun = another.assign([(cart, nil)])
        #expect(inTheNextRun == alone)
    }

    @Test func `a service gets the virtual address it asks for`() {
        let cart = NamespacedName(namespace: "shop", name: "cart")
        var addresses = ServiceAddresses()
        let assigned = addresses.assign([(cart, IPAddress("10.96.0.10"))])
        #expect(assigned == [cart: IPAddress("10.96.0.10")])
    }
}

struct SchedulerTests {
    @Test func `replicas are spread first, then pods`() {
        let placements: [Scheduler.Placement] = [
            .init(node: "node-1", owner: "cart"), .init(node: "node-2", owner: "catalog"),
            .init(node: "node-2", owner: "catalog"),
        ]
        let nodes = ["node-1", "node-2"]
        #expect(Scheduler.choose(owner: "cart", nodes: nodes, placements: placements) == "node-2")
        #expect(Scheduler.choose(owner: "web", nodes: nodes, placements: placements) == "node-1")
        #expect(Scheduler.choose(owner: "web", nodes: nodes, placements: []) == "node-1")
        #expect(Scheduler.choose(owner: "web", nodes: [], placements: []) == nil)
    }
}

struct RestartBackOffTests {
    @Test func `what keeps ending waits longer each time, up to a limit`() {
        var backOff = RestartBackOff()
        let delays = (0..<9).map { _ in backOff.delay(afterRunningMilliseconds: 10) }
        #expect(delays == [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
    }

    @Test func `what ran well starts from the first delay again`() {
        var backOff = RestartBackOff()
        for _ in 0..<5 { _ = backOff.delay(afterRunningMilliseconds: 10) }
        #expect(backOff.delay(afterRunningMilliseconds: RestartBackOff.wellAfterMilliseconds) == 500)
    }
}

struct PodPlanTests {
    private let cart = PodPlan.Owner(.deployment, NamespacedName(namespace: "shop", name: "cart"))
    private let lone = PodPlan.Owner(.pod, NamespacedName(namespace: "shop", name: "probe"))

    private func pod(
        _ name: String, _ revision: String, ready: Bool = true, leaving: Bool = false, of owner: PodPlan.Owner? = nil
    ) -> PodPlan.Existing {
        PodPlan.Existing(
            name: NamespacedName(namespace: "shop", name: name), owner: owner ?? cart, revision: revision,
            isReady: ready,
            isLeaving: leaving)
    }

    private func plan(_ demands: [PodPlan.Demand], _ existing: [PodPlan.Existing]) -> PodPlan {
        var count = 0
        return PodPlan(demands: demands, existing: existing) {
            count += 1
            return "aaaa\(count)"
        }
    }

    private func names(_ names: [NamespacedName]) -> [String] { names.map(\.name) }

    @Test func `a deployment's pods are made with names of their own`() {
        let plan = plan([.init(owner: cart, replicas: 2, revision: "7d9f")], [])
        #expect(names(plan.creations.map(\.name)) == ["cart-7d9f-aaaa1", "cart-7d9f-aaaa2"])
        #expect(plan.removals.isEmpty)
    }

    @Test func `nothing is done when all is as it should be`() {
        let plan = plan(
            [.init(owner: cart, replicas: 2, revision: "7d9f")], [pod("a", "7d9f"), pod("b", "7d9f", ready: false)])
        #expect(plan.creations.isEmpty && plan.removals.isEmpty)
    }

    @Test func `scaling down takes pods that are not ready first`() {
        let plan = plan([.init(owner: cart, replicas: 1, revision: "r")], [pod("a", "r"), pod("b", "r", ready: false)])
        #expect(names(plan.removals) == ["b"])
    }

    @Test func `a new template's pods come before the old ones go`() {
        let demand = PodPlan.Demand(owner: cart, replicas: 2, revision: "new")
        let before = [pod("a", "old"), pod("b", "old")]
        #expect(plan([demand], before).creations.count == 2)
        #expect(plan([demand], before).removals.isEmpty)
        let halfway = before + [pod("c", "new"), pod("d", "new", ready: false)]
        #expect(names(plan([demand], halfway).removals) == ["a"])
        let after = before + [pod("c", "new"), pod("d", "new")]
        #expect(names(plan([demand], after).removals) == ["a", "b"])
    }

    @Test func `a pod on its way out counts no more`() {
        let plan = plan([.init(owner: cart, replicas: 1, revision: "r")], [pod("a", "r", leaving: true)])
        #expect(plan.creations.count == 1)
        #expect(plan.removals.isEmpty)
    }

    @Test func `what nobody asks for any more is removed once`() {
        #expect(names(plan([], [pod("a", "r"), pod("b", "r", leaving: true)]).removals) == ["a"])
    }

    @Test func `a lone pod is gone before its successor comes`() {
        let demand = PodPlan.Demand(owner: lone, replicas: 1, revision: "new")
        #expect(names(plan([demand], [pod("probe", "old", of: lone)]).removals) == ["probe"])
        let leaving = plan([demand], [pod("probe", "old", leaving: true, of: lone)])
        #expect(leaving.creations.isEmpty && leaving.removals.isEmpty)
        #expect(names(plan([demand], []).creations.map(\.name)) == ["probe"])
    }
}

struct ServiceTranslationTests {
    @Test func `a connection to a service goes to one of its endpoints, and is refused when there is none`() {
        let script = ServiceTranslation(ports: [
            .init(
                address: IPAddress("10.96.1.2")!, transport: .tcp, port: 80,
                endpoints: [SocketAddress("10.244.2.2:8081")!, SocketAddress("10.244.1.2:8080")!]),
            .init(address: IPAddress("10.96.1.3")!, transport: .tcp, port: 80, endpoints: []),
        ]).script
        let choice = "dnat ip addr . port to numgen random mod 2 map { 0 : 10.244.1.2 . 8080, 1 : 10.244.2.2 . 8081 }"
        #expect(script.contains("ip daddr 10.96.1.2 tcp dport 80 \(choice)"))
        #expect(script.contains("ip daddr 10.96.1.3 tcp dport 80 reject with tcp reset"))
        #expect(script.contains("ct status dnat ip saddr 10.244.1.2 ip daddr 10.244.1.2 masquerade"))
    }
}
