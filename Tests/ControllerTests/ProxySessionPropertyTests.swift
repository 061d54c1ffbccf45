import Controller
import Discovery
import Mesh
import Testing

/// Random changes, deliveries, rejections and interruptions: what a proxy is told, in whichever rhythm it answers.
struct ProxySessionPropertyTests {
    @Test(arguments: 0..<150 as Range<UInt64>)
    func `a proxy that answers at its own pace holds the world in the end, and no workload ever without its policies`(
        seed: UInt64
    ) {
        var random = SeededRandom(seed: seed)
        var world = RandomWorld()
        var proxy = SimulatedProxy()
        proxy.connect(isAddressFirst: .random(using: &random), world.published)
        for _ in 0..<200 {
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<6: world.change(&random)
            case 6..<11: proxy.pump(world.published)
            case 11..<18: proxy.takeNext(world.published)
            case 18: proxy.connect(isAddressFirst: .random(using: &random), world.published)
            default: if let told = proxy.session.toldRemovalsThrough { world.published.forgetRemovals(through: told) }
            }
            #expect(proxy.workloadsWithoutPolicies == [])
        }
        proxy.settle(world.published)
        #expect(proxy.held == world.versions)
        #expect(proxy.session.acknowledged == world.published.version)
        #expect(proxy.session.rejections.isEmpty)
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `one who reconnects to an unchanged world is sent nothing and counts as having it`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var world = RandomWorld()
        for _ in 0..<20 { world.change(&random) }
        var proxy = SimulatedProxy()
        proxy.connect(isAddressFirst: false, world.published)
        proxy.settle(world.published)
        guard proxy.held.values.allSatisfy({ !$0.isEmpty }) else { return }
        proxy.connect(isAddressFirst: true, world.published)
        proxy.pump(world.published)
        #expect(proxy.inbox.isEmpty)
        #expect(proxy.session.acknowledged == world.published.version)
    }

    @Test(arguments: 0..<100 as Range<UInt64>)
    func `one who asks for single names holds these in the end and nothing that is gone`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var world = RandomWorld()
        var proxy = SimulatedProxy(isOnDemand: true)
        proxy.connect(isAddressFirst: false, world.published)
        var asked: Set<String> = []
        for _ in 0..<200 {
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<5: world.change(&random)
            case 5..<7:
                let name = RandomWorld.uid(.random(in: 0..<RandomWorld.size, using: &random))
                asked.insert(name)
                proxy.ask(for: name, world.published)
            case 7..<12: proxy.pump(world.published)
            case 12..<19: proxy.takeNext(world.published)
            default: proxy.connect(isAddressFirst: false, names: asked, world.published)
            }
        }
        proxy.settle(world.published)
        let there = world.versions[.address, default: [:]]
        #expect(proxy.held[.address] == there.filter { asked.contains($0.key) })
        #expect(proxy.session.acknowledged == world.published.version)
    }

    @Test func `what is rejected by name is remembered until it changes, and nothing else is`() {
        var world = RandomWorld()
        world.set(policy: 0, content: 1)
        world.set(policy: 1, content: 1)
        var proxy = SimulatedProxy()
        proxy.connect(isAddressFirst: false, world.published)
        proxy.pump(world.published)
        proxy.takeNext(world.published, rejecting: "\(RandomWorld.policy(1)): rules[0] is missing; really: so")
        let refused = ResourceReference(.authorization, RandomWorld.policy(1).description)
        #expect(proxy.session.rejections == [refused: "rules[0] is missing; really: so"])
        proxy.settle(world.published)
        #expect(proxy.session.rejections.count == 1)
        world.set(policy: 1, content: 2)
        proxy.settle(world.published)
        #expect(proxy.session.rejections.isEmpty)
    }

    @Test func `a service that is asked for comes with the workloads behind it, by its address too`() {
        var world = PublishedWorld()
        let key = NamespacedName(namespace: "shop", name: "cart.shop.svc.cluster.local")
        var changes = LiveTranslation.Changes()
        var service = Service(name: "cart", namespace: "shop", hostname: key.name)
        service.addresses = [NetworkAddress(ip: IPAddress("10.96.0.1")!)]
        changes.services[key] = service
        for (number, services) in [(0, [key: [80: 8080]]), (1, [:])] as [(Int, [NamespacedName: [UInt16: UInt16]])] {
            var workload = Workload(uid: RandomWorld.uid(number), name: "w\(number)", namespace: "shop")
            workload.services = services
            changes.workloads[workload.uid] = workload
        }
        world.apply(changes)
        for name in [key.description, "/10.96.0.1"] {
            var proxy = SimulatedProxy(isOnDemand: true)
            proxy.connect(isAddressFirst: false, world)
            proxy.settle(world)
            #expect(proxy.held[.address] == [:])
            proxy.ask(for: name, world)
            proxy.ask(for: "/10.96.0.99", world)
            proxy.settle(world)
            #expect(proxy.held[.address]?.keys.sorted() == [RandomWorld.uid(0), key.description])
        }
    }

    @Test func `an answer to no response under way acknowledges nothing`() {
        var world = RandomWorld()
        world.set(policy: 0, content: 1)
        var proxy = SimulatedProxy()
        proxy.connect(isAddressFirst: false, world.published)
        proxy.pump(world.published)
        for nonce in ["", "0", "2", "99999999999999999999"] {
            proxy.answer(.authorization, nonce: nonce, world.published)
            #expect(proxy.session.authorizations.isInFlight)
            #expect(proxy.session.authorizations.acknowledged == .none)
        }
    }

    @Test func `ten changes of one resource while an answer is awaited are one in the next response`() {
        var world = RandomWorld()
        world.set(policy: 0, content: 0)
        var proxy = SimulatedProxy()
        proxy.connect(isAddressFirst: false, world.published)
        proxy.pump(world.published)
        for content in 1...10 {
            world.set(policy: 0, content: content)
            proxy.pump(world.published)
        }
        proxy.takeNext(world.published)
        proxy.pump(world.published)
        let next = proxy.inbox.filter { $0.type == .authorization }
        #expect(next.map(\.upserts.count) == [1])
        #expect(
            next.first?.upserts.first?.version == world.versions[.authorization]?[RandomWorld.policy(0).description])
    }
}

/// Four workloads that name policies of four, all of which are there.
private struct RandomWorld {
    static let size = 4

    var published = PublishedWorld()
    private var contents: [Int: Int] = [:]
    private var bindings: [Int: Set<Int>] = [:]

    static func uid(_ number: Int) -> String { "Kubernetes//Pod/shop/w\(number)" }
    static func policy(_ number: Int) -> NamespacedName { NamespacedName(namespace: "shop", name: "p\(number)") }

    /// Name to version, as the world has it.
    var versions: [ResourceType: [String: String]] {
        [
            .address: published.addresses.resources.mapValues(\.version),
            .authorization: published.authorizations.resources.mapValues(\.version),
        ]
    }

    mutating func set(policy number: Int, content: Int) {
        var changes = LiveTranslation.Changes()
        contents[number] = content
        changes.policies[Self.policy(number)] = made(policy: number, content)
        published.apply(changes)
    }

    /// One change to the source: a policy or a workload comes, changes, or goes with all that names it.
    mutating func change(_ random: inout SeededRandom) {
        var changes = LiveTranslation.Changes()
        let number = Int.random(in: 0..<Self.size, using: &random)
        if Bool.random(using: &random) {
            if contents[number] != nil, Bool.random(using: &random) {
                contents[number] = nil
                changes.policies.updateValue(nil, forKey: Self.policy(number))
                for (workload, policies) in bindings where policies.contains(number) {
                    bindings[workload] = policies.subtracting([number])
                    changes.workloads[Self.uid(workload)] = made(workload: workload)
                }
            } else {
                contents[number] = Int.random(in: 0..<100, using: &random)
                changes.policies[Self.policy(number)] = made(policy: number, contents[number] ?? 0)
            }
        } else if bindings[number] != nil, Int.random(in: 0..<3, using: &random) == 0 {
            bindings[number] = nil
            changes.workloads.updateValue(nil, forKey: Self.uid(number))
        } else {
            bindings[number] = Set(contents.keys.filter { _ in Bool.random(using: &random) })
            changes.workloads[Self.uid(number)] = made(workload: number)
        }
        published.apply(changes)
    }

    private func made(policy number: Int, _ content: Int) -> AuthorizationPolicy {
        var policy = AuthorizationPolicy(
            name: "p\(number)", namespace: "shop", scope: .workloadSelector, action: .deny, rules: [])
        policy.isDryRun = content % 2 == 1
        policy.rules = (0..<content / 2).map { _ in .init(clauses: []) }
        return policy
    }

    private func made(workload number: Int) -> Workload {
        var workload = Workload(uid: Self.uid(number), name: "w\(number)", namespace: "shop")
        workload.authorizationPolicies = (bindings[number] ?? []).sorted().map(Self.policy)
        return workload
    }
}

/// Takes what it is sent in its order, and holds it over interruptions.
private struct SimulatedProxy {
    let isOnDemand: Bool
    var session = ProxySession()
    var inbox: [Push] = []
    var held: [ResourceType: [String: String]] = [.address: [:], .authorization: [:]]
    private var policiesByWorkload: [String: [String]] = [:]

    init(isOnDemand: Bool = false) { self.isOnDemand = isOnDemand }

    var workloadsWithoutPolicies: [String] {
        policiesByWorkload.filter { !$0.value.allSatisfy { held[.authorization]?[$0] != nil } }.keys.sorted()
    }

    mutating func connect(isAddressFirst: Bool, names: Set<String> = [], _ world: PublishedWorld) {
        session = ProxySession()
        inbox = []
        let types: [ResourceType] = isAddressFirst ? [.address, .authorization] : [.authorization, .address]
        for type in types {
            var request = DeltaRequest(typeURL: type.rawValue)
            request.node = DiscoveryNode(id: "ztunnel~1.1.1.1~z.system~local")
            request.initialVersions = held[type] ?? [:]
            if isOnDemand, type == .address {
                request.subscribe = ["*"] + names.sorted()
                request.unsubscribe = ["*"]
            }
            send(request, world)
            pump(world)
        }
    }

    mutating func ask(for name: String, _ world: PublishedWorld) {
        var request = DeltaRequest(typeURL: ResourceType.address.rawValue)
        request.subscribe = [name]
        send(request, world)
    }

    mutating func pump(_ world: PublishedWorld) { inbox += session.pushes(of: world, mayBegin: true) }

    mutating func takeNext(_ world: PublishedWorld, rejecting message: String? = nil) {
        guard !inbox.isEmpty else { return }
        let push = inbox.removeFirst()
        #expect(Set(push.upserts.map(\.name)).count == push.upserts.count)
        for resource in push.upserts { take(resource, of: push.type) }
        for name in push.removals {
            held[push.type]?[name] = nil
            if push.type == .address { policiesByWorkload[name] = nil }
        }
        answer(push.type, nonce: push.nonce, rejecting: message, world)
    }

    private mutating func take(_ resource: PublishedResource, of type: ResourceType) {
        held[type]?[resource.name] = resource.version
        guard type == .address, case .workload(let workload)? = try? MeshResource(.address, decoding: resource.body)
        else { return }
        policiesByWorkload[resource.name] = workload.authorizationPolicies.map(\.description)
    }

    mutating func answer(
        _ type: ResourceType, nonce: String, rejecting message: String? = nil, _ world: PublishedWorld
    ) {
        var request = DeltaRequest(typeURL: type.rawValue)
        request.responseNonce = nonce
        request.rejection = message.map { .init(code: 13, message: $0) }
        send(request, world)
    }

    mutating func settle(_ world: PublishedWorld) {
        repeat {
            while !inbox.isEmpty { takeNext(world) }
            pump(world)
        } while !inbox.isEmpty
    }

    private mutating func send(_ request: DeltaRequest, _ world: PublishedWorld) {
        do throws(ProxySession.Fault) {
            #expect(try session.receive(request, world: world))
        } catch {
            Issue.record("\(error)")
        }
    }
}
