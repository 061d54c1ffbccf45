import Controller
import Discovery
import Mesh
import Testing

/// What a waypoint is told of everything, and what one who asks for workloads alone is.
struct ScopedPushTests {
    private static let waypoint = "shop/way.shop.svc.cluster.local"
    private static let serviceCount = 4
    private static let workloadCount = 10

    /// Services that are bound or not, and workloads behind some of them.
    private struct World {
        var published = PublishedWorld()
        private var bound: Set<Int> = []
        private var services: Set<Int> = []
        private var memberships: [Int: Set<Int>] = [:]

        static func service(_ number: Int) -> NamespacedName {
            NamespacedName(
                namespace: "shop",
                name: number == 0 ? "way.shop.svc.cluster.local" : "s\(number).shop.svc.cluster.local")
        }

        static func uid(_ number: Int) -> String { "cluster//Pod/shop/w\(number)" }

        mutating func change(_ random: inout SeededRandom) {
            var changes = LiveTranslation.Changes()
            if Bool.random(using: &random) {
                let number = Int.random(in: 0..<serviceCount, using: &random)
                if Int.random(in: 0..<4, using: &random) == 0 {
                    services.remove(number)
                    bound.remove(number)
                } else {
                    services.insert(number)
                    if number > 0, Bool.random(using: &random) { bound.formSymmetricDifference([number]) }
                }
                changes.services.updateValue(made(service: number), forKey: Self.service(number))
            } else {
                let number = Int.random(in: 0..<workloadCount, using: &random)
                let isGone = Int.random(in: 0..<5, using: &random) == 0
                memberships[number] =
                    isGone ? nil : Set((0..<2).map { _ in Int.random(in: 0..<serviceCount, using: &random) })
                changes.workloads.updateValue(made(workload: number), forKey: Self.uid(number))
            }
            published.apply(changes)
        }

        private func made(service number: Int) -> Service? {
            guard services.contains(number) else { return nil }
            var service = Service(name: "s\(number)", namespace: "shop", hostname: Self.service(number).name)
            if bound.contains(number) { service.waypoint = GatewayAddress(destination: .hostname(Self.service(0))) }
            return service
        }

        private func made(workload number: Int) -> Workload? {
            guard let behind = memberships[number] else { return nil }
            var workload = Workload(uid: Self.uid(number), name: "w\(number)", namespace: "shop")
            for service in behind { workload.services[Self.service(service)] = [80: 8080] }
            return workload
        }

        /// What stands behind the waypoint, found by looking at everything.
        var wanted: [String: String] {
            let resources = published.addresses.resources
            let names = resources.values.filter { resource in
                switch try? MeshResource(.address, decoding: resource.body) {
                case .service(let service)?:
                    service.key == Self.service(0)
                        || service.gateways.contains { $0.destination == .hostname(Self.service(0)) }
                case .workload(let workload)?:
                    workload.services.keys.contains { key in
                        key == Self.service(0)
                            || resources[key.description]?.waypoints.contains(ScopedPushTests.waypoint) == true
                    }
                default: false
                }
            }
            return Dictionary(uniqueKeysWithValues: names.map { ($0.name, $0.version) })
        }
    }

    /// Takes every push at once, or later.
    private struct Waypoint {
        var session = ProxySession()
        var held: [String: String] = [:]
        var pushCount = 0

        mutating func connect(_ world: PublishedWorld) throws {
            session = ProxySession()
            session.introduce(node: "n1", scope: WaypointScope(service: ScopedPushTests.waypoint))
            for type in [ResourceType.authorization, .address] {
                var request = DeltaRequest(typeURL: type.rawValue)
                request.node = DiscoveryNode(id: "waypoint~1.1.1.1~way-1.shop~local")
                request.initialVersions = type == .address ? held : [:]
                #expect(try session.receive(request, world: world))
            }
        }

        mutating func settle(_ world: PublishedWorld) throws {
            while true {
                let pushes = session.pushes(of: world, mayBegin: true)
                if pushes.isEmpty { return }
                for push in pushes {
                    if push.type == .address {
                        pushCount += 1
                        for resource in push.upserts { held[resource.name] = resource.version }
                        for name in push.removals { held[name] = nil }
                    }
                    var answer = DeltaRequest(typeURL: push.type.rawValue)
                    answer.responseNonce = push.nonce
                    #expect(try session.receive(answer, world: world))
                }
            }
        }
    }

    @Test(arguments: 0..<100 as Range<UInt64>)
    func `a waypoint holds what stands behind it, whatever is bound and unbound, and nothing else`(seed: UInt64) throws
    {
        var random = SeededRandom(seed: seed)
        var world = World()
        var waypoint = Waypoint()
        try waypoint.connect(world.published)
        for _ in 0..<60 {
            world.change(&random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0..<4:
                try waypoint.settle(world.published)
                #expect(waypoint.held == world.wanted)
                #expect(waypoint.session.acknowledged == world.published.version)
            case 4: try waypoint.connect(world.published)
            default: continue
            }
        }
    }

    @Test func `what does not concern a waypoint costs it nothing, nor does a reconnection`() throws {
        var random = SeededRandom(seed: 3)
        var world = World()
        for _ in 0..<40 { world.change(&random) }
        var waypoint = Waypoint()
        try waypoint.connect(world.published)
        try waypoint.settle(world.published)
        let count = waypoint.pushCount
        guard !waypoint.held.isEmpty else { return }
        try waypoint.connect(world.published)
        try waypoint.settle(world.published)
        var changes = LiveTranslation.Changes()
        changes.workloads["cluster//Pod/other/x"] = Workload(uid: "cluster//Pod/other/x", name: "x", namespace: "other")
        world.published.apply(changes)
        try waypoint.settle(world.published)
        #expect(waypoint.pushCount == count)
        #expect(waypoint.session.acknowledged == world.published.version)
    }

    @Test func `one who asks for workloads gets these alone, each as a workload`() throws {
        var random = SeededRandom(seed: 5)
        var world = World()
        for _ in 0..<60 { world.change(&random) }
        var session = ProxySession()
        for type in [ResourceType.authorization, .workload] {
            var request = DeltaRequest(typeURL: type.rawValue)
            request.node = DiscoveryNode(id: "ztunnel~1.1.1.1~z.system~local")
            #expect(try session.receive(request, world: world.published))
        }
        let push = try #require(session.pushes(of: world.published, mayBegin: true).first { $0.type == .workload })
        let all = world.published.addresses.resources.values.filter { $0.name.contains("//Pod/") }
        #expect(!all.isEmpty && Set(push.upserts.map(\.name)) == Set(all.map(\.name)))
        for resource in push.upserts {
            let body = resource.onTheWire(as: .workload).body
            guard case .workload(let workload) = try MeshResource(.workload, decoding: body) else {
                Issue.record("no workload")
                continue
            }
            #expect(workload.uid == resource.name)
            #expect(MeshResource.workload(workload).encoded(as: .address) == resource.body)
        }
    }

    @Test func `what a proxy has been told is told with how far it has come`() throws {
        var random = SeededRandom(seed: 7)
        var world = World()
        for _ in 0..<60 { world.change(&random) }
        var waypoint = Waypoint()
        try waypoint.connect(world.published)
        try waypoint.settle(world.published)
        let told = waypoint.session.addresses.progress(in: world.published)
        #expect(Set(told.map(\.resource.name)) == Set(waypoint.held.keys))
        #expect(told.allSatisfy { $0.progress == .acknowledged })
    }
}
