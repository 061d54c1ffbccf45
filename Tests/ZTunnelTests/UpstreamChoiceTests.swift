import Mesh
import Testing

@testable import ZTunnel

extension Shop {
    fileprivate func upstream(
        to destination: String, from client: String = "frontend", seed: UInt64 = 1
    ) throws(UpstreamFailure) -> Upstream {
        var random = SeededRandom(seed: seed)
        let snapshot = snapshot
        let entry = snapshot.workload(uid: "Kubernetes//Pod/shop/\(client)")!
        let choice = UpstreamChoice(
            snapshot: snapshot, network: "", client: entry, clientIP: entry.workload.addresses[0])
        return try choice.upstream(for: SocketAddress(destination)!, random: &random)
    }

    /// How often each workload is chosen in 1,000 tries.
    fileprivate func shares(of destination: String) throws -> [String: Int] {
        var shares: [String: Int] = [:]
        for seed in 0..<1000 as Range<UInt64> {
            shares[try upstream(to: destination, seed: seed).workload!.workload.name, default: 0] += 1
        }
        return shares
    }
}

struct UpstreamChoiceTests {
    @Test func `a pod in the mesh is reached through a tunnel that only it may answer`() throws {
        let upstream = try Shop().upstream(to: "10.244.1.3:6379")
        #expect(upstream.address == SocketAddress("10.244.1.3:15008"))
        #expect(
            upstream.transport
                == .tunnel(
                    authority: .address(SocketAddress("10.244.1.3:6379")!), expectedIdentities: [Shop.identity("cart")])
        )
        #expect(upstream.workload?.workload.name == "cart" && upstream.service == nil && !upstream.isWaypoint)
    }

    @Test func `a pod without a tunnel is dialled as it is`() throws {
        let upstream = try Shop().upstream(to: "10.244.2.9:5432")
        #expect(upstream.address == SocketAddress("10.244.2.9:5432") && upstream.transport == .direct)
        #expect(upstream.workload?.workload.name == "legacy")
    }

    @Test func `what is outside the mesh is passed through`() throws {
        let upstream = try Shop().upstream(to: "93.184.216.34:443")
        #expect(upstream.address == SocketAddress("93.184.216.34:443") && upstream.transport == .direct)
        #expect(upstream.workload == nil)
    }

    @Test func `a service leads to one of its endpoints, at that endpoint's port`() throws {
        for seed in 0..<20 as Range<UInt64> {
            let upstream = try Shop().upstream(to: "10.96.0.10:80", seed: seed)
            let name = try #require(upstream.workload?.workload.name)
            let application = try #require(SocketAddress(name == "catalog-v1" ? "10.244.1.4:8080" : "10.244.2.4:8082"))
            #expect(upstream.address == SocketAddress(application.ip, 15008))
            #expect(
                upstream.transport
                    == .tunnel(authority: .address(application), expectedIdentities: [Shop.identity("catalog")]))
            #expect(upstream.service?.service.key == Shop.catalog)
        }
    }

    @Test func `a service's additional identities may answer too`() throws {
        var shop = Shop()
        shop.changeService { $0.subjectAltNames = ["spiffe://cluster.local/ns/shop/sa/other", "no identity"] }
        guard case .tunnel(_, let expected) = try shop.upstream(to: "10.96.0.10:80").transport else {
            Issue.record("no tunnel")
            return
        }
        #expect(expected == [Shop.identity("catalog"), Shop.identity("other")])
    }

    @Test func `an endpoint without a port of its own has the service's`() throws {
        var shop = Shop()
        shop.change("catalog-v2") { $0.services = [:] }
        shop.change("catalog-v1") { $0.services = [Shop.catalog: [:]] }
        guard case .tunnel(let authority, _) = try shop.upstream(to: "10.96.0.10:80").transport else { return }
        #expect(authority.description == "10.244.1.4:8080")
    }

    @Test func `a port that the service has not is no healthy upstream`() {
        #expect(throws: UpstreamFailure.noHealthyEndpoint(service: Shop.catalog, port: 81)) {
            try Shop().upstream(to: "10.96.0.10:81")
        }
    }

    @Test func `a service without healthy endpoints is no healthy upstream, and never passed through`() {
        var shop = Shop()
        for name in ["catalog-v1", "catalog-v2"] { shop.change(name) { $0.status = .unhealthy } }
        #expect(throws: UpstreamFailure.noHealthyEndpoint(service: Shop.catalog, port: 80)) {
            try shop.upstream(to: "10.96.0.10:80")
        }
        shop.changeService { $0.loadBalancing.healthPolicy = .allowAll }
        #expect(throws: Never.self) { try shop.upstream(to: "10.96.0.10:80") }
    }

    @Test func `endpoints on other networks are not dialled`() throws {
        var shop = Shop()
        shop.change("catalog-v2") { $0.network = "far" }
        #expect(try shop.shares(of: "10.96.0.10:80") == ["catalog-v1": 1000])
    }

    @Test func `a service that asks for it is passed through`() throws {
        var shop = Shop()
        shop.changeService { $0.loadBalancing.mode = .passthrough }
        let upstream = try shop.upstream(to: "10.96.0.10:80")
        #expect(upstream.address == SocketAddress("10.96.0.10:80") && upstream.transport == .direct)
        #expect(upstream.service?.service.key == Shop.catalog)
    }

    @Test(arguments: [
        "127.0.0.1:15001", "127.0.0.1:15006", "[::1]:15008", "10.244.1.2:15001", "10.244.1.2:15008", "10.244.1.3:15008",
        "10.244.1.3:15006",
    ])
    func `our own ports are refused`(destination: String) {
        #expect(throws: UpstreamFailure.ownPort(SocketAddress(destination)!)) { try Shop().upstream(to: destination) }
    }

    @Test func `a service that leads to a port of ours is refused`() {
        var shop = Shop()
        shop.changeService { $0.ports = [80: .init(target: 15001)] }
        for name in ["catalog-v1", "catalog-v2"] { shop.change(name) { $0.services = [Shop.catalog: [:]] } }
        #expect(throws: UpstreamFailure.self) { try shop.upstream(to: "10.96.0.10:80") }
    }

    @Test func `of a workload's addresses one of the wanted family is dialled`() throws {
        var shop = Shop()
        shop.change("catalog-v2") { $0.services = [:] }
        shop.change("catalog-v1") { $0.addresses = [IPAddress("fd00::4")!, IPAddress("10.244.1.4")!] }
        #expect(try shop.upstream(to: "10.96.0.10:80").address == SocketAddress("10.244.1.4:15008"))
        shop.changeService { $0.ipFamilies = .ipv6Only }
        #expect(try shop.upstream(to: "10.96.0.10:80").address == SocketAddress("[fd00::4]:15008"))
        #expect(try shop.upstream(to: "[fd00::4]:1").address == SocketAddress("[fd00::4]:15008"))
    }
}

struct WaypointChoiceTests {
    private func shop(waypoint destination: GatewayAddress.Destination, ofService: Bool) -> Shop {
        var shop = Shop()
        var waypoint = Service(name: "waypoint", namespace: "shop", hostname: "waypoint.shop.svc.cluster.local")
        waypoint.addresses = [NetworkAddress(ip: IPAddress("10.96.0.20")!)]
        waypoint.ports = [15008: .init(target: 15008)]
        shop.configuration.services.append(waypoint)
        shop.configuration.workloads.append(
            Shop.pod("waypoint", "10.244.2.20") { $0.services = [waypoint.key: [15008: 15008]] })
        let gateway = GatewayAddress(destination: destination)
        if ofService {
            shop.changeService { $0.waypoint = gateway }
        } else {
            shop.change("cart") { $0.waypoint = gateway }
        }
        return shop
    }

    private static let destinations: [GatewayAddress.Destination] = [
        .address(NetworkAddress(ip: IPAddress("10.96.0.20")!)),
        .address(NetworkAddress(ip: IPAddress("10.244.2.20")!)),
        .hostname(NamespacedName("shop/waypoint.shop.svc.cluster.local")!),
    ]

    @Test(arguments: destinations)
    func `a service's waypoint is asked for the service as the client named it`(
        destination: GatewayAddress.Destination
    ) throws {
        let upstream = try shop(waypoint: destination, ofService: true).upstream(to: "10.96.0.10:80")
        #expect(upstream.address == SocketAddress("10.244.2.20:15008") && upstream.isWaypoint)
        #expect(
            upstream.transport
                == .tunnel(
                    authority: .address(SocketAddress("10.96.0.10:80")!),
                    expectedIdentities: [Shop.identity("waypoint")]))
    }

    @Test(arguments: destinations)
    func `a workload's waypoint is asked for the workload`(destination: GatewayAddress.Destination) throws {
        let shop = shop(waypoint: destination, ofService: false)
        let upstream = try shop.upstream(to: "10.244.1.3:6379")
        #expect(upstream.address == SocketAddress("10.244.2.20:15008") && upstream.isWaypoint)
        #expect(!(try shop.upstream(to: "10.244.1.3:6379", from: "waypoint").isWaypoint))
    }

    @Test(arguments: [true, false])
    func `a waypoint that is not known is never gone around`(ofService: Bool) {
        let missing = GatewayAddress.Destination.hostname(NamespacedName("shop/missing")!)
        #expect(throws: UpstreamFailure.waypointNotFound("shop/missing")) {
            try shop(waypoint: missing, ofService: ofService)
                .upstream(to: ofService ? "10.96.0.10:80" : "10.244.1.3:6379")
        }
    }

    /// `catalog` with shares for its waypoint and for `next`, which is not there.
    private func canary(_ weights: (UInt32, UInt32)) -> Shop {
        var shop = shop(waypoint: Self.destinations[2], ofService: true)
        let next = GatewayAddress.Destination.hostname(NamespacedName("shop/next")!)
        shop.changeService {
            $0.weightedWaypoints = [
                .init(destination: GatewayAddress(destination: Self.destinations[2]), weight: weights.0),
                .init(destination: GatewayAddress(destination: next), weight: weights.1),
            ]
        }
        return shop
    }

    @Test func `connections are shared between waypoints by their weights`() {
        let shop = canary((7, 3))
        var missed = 0
        for seed in 0..<400 as Range<UInt64> {
            do throws(UpstreamFailure) {
                #expect(try shop.upstream(to: "10.96.0.10:80", seed: seed).isWaypoint)
            } catch {
                #expect(error == .waypointNotFound("shop/next"))
                missed += 1
            }
        }
        #expect((80...160).contains(missed))
    }

    @Test func `where no weight is given all go to the one for all, and nowhere without it`() throws {
        var shop = canary((0, 0))
        for seed in 0..<20 as Range<UInt64> {
            #expect(try shop.upstream(to: "10.96.0.10:80", seed: seed).workload?.workload.name == "waypoint")
        }
        shop.changeService { $0.waypoint = nil }
        #expect(!(try shop.upstream(to: "10.96.0.10:80").isWaypoint))
    }

    @Test(arguments: [true, false])
    func `who dials a guarded port of a pod itself goes through the waypoint of its service`(isInForce: Bool) throws {
        var shop = shop(waypoint: Self.destinations[2], ofService: true)
        #expect(!(try shop.upstream(to: "10.244.1.4:8080").isWaypoint))
        let way = NamespacedName("shop/waypoint")!
        let guarding = WaypointGuard(accounts: [way], port: 8080, isInForce: isInForce)
        shop.change("catalog-v1") {
            $0.authorizationPolicies = [NamespacedName(namespace: "shop", name: guarding.name)]
        }
        let upstream = try shop.upstream(to: "10.244.1.4:8080")
        #expect(upstream.address == SocketAddress("10.244.2.20:15008") && upstream.isWaypoint)
        #expect(
            upstream.transport
                == .tunnel(
                    authority: .address(SocketAddress("10.244.1.4:8080")!),
                    expectedIdentities: [Shop.identity("waypoint")]))
        #expect(!(try shop.upstream(to: "10.244.1.4:9090").isWaypoint), "another port")
        #expect(!(try shop.upstream(to: "10.244.1.4:8080", from: "waypoint").isWaypoint), "the waypoint itself")
        shop.changeService { $0.waypoint = nil }
        #expect(!(try shop.upstream(to: "10.244.1.4:8080").isWaypoint), "no longer bound")
    }

    @Test func `a waypoint without healthy endpoints is never gone around`() {
        var shop = shop(waypoint: Self.destinations[0], ofService: true)
        shop.change("waypoint") { $0.status = .unhealthy }
        #expect(throws: UpstreamFailure.waypointNotFound("/10.96.0.20")) { try shop.upstream(to: "10.96.0.10:80") }
    }
}

struct LoadBalanceTests {
    @Test func `endpoints share by capacity`() throws {
        var shop = Shop()
        shop.change("catalog-v1") { $0.capacity = 3 }
        let shares = try shop.shares(of: "10.96.0.10:80")
        #expect((680...820).contains(shares["catalog-v1"] ?? 0))
        #expect(shares.values.reduce(0, +) == 1000)
    }

    @Test func `an endpoint of no capacity gets nothing`() throws {
        var shop = Shop()
        shop.change("catalog-v1") { $0.capacity = 0 }
        #expect(try shop.shares(of: "10.96.0.10:80") == ["catalog-v2": 1000])
        shop.change("catalog-v2") { $0.capacity = 0 }
        #expect(throws: UpstreamFailure.self) { try shop.upstream(to: "10.96.0.10:80") }
    }

    @Test func `endpoints that will not do leave their share to the others evenly`() throws {
        var shop = Shop()
        for (name, ip) in [("catalog-v3", "10.244.2.5"), ("catalog-v4", "10.244.2.6")] {
            shop.configuration.workloads.append(Shop.pod(name, ip) { $0.services = [Shop.catalog: [:]] })
        }
        shop.change("catalog-v3") { $0.addresses = [] }
        let shares = try shop.shares(of: "10.96.0.10:80")
        #expect(shares["catalog-v3"] == nil)
        for name in ["catalog-v1", "catalog-v2", "catalog-v4"] { #expect((270...400).contains(shares[name] ?? 0)) }
    }

    @Test func `STRICT takes only endpoints that are near enough`() throws {
        var shop = Shop()
        shop.changeService {
            $0.loadBalancing.mode = .strict
            $0.loadBalancing.routingPreference = [.node]
        }
        shop.change("catalog-v2") { $0.node = "node-2" }
        #expect(try shop.shares(of: "10.96.0.10:80") == ["catalog-v1": 1000])
        shop.change("catalog-v1") { $0.node = "node-2" }
        #expect(throws: UpstreamFailure.self) { try shop.upstream(to: "10.96.0.10:80") }
    }

    @Test func `FAILOVER takes the nearest that there are`() throws {
        var shop = Shop()
        shop.changeService {
            $0.loadBalancing.mode = .failover
            $0.loadBalancing.routingPreference = [.network, .region, .zone]
        }
        shop.change("frontend") { $0.locality = Locality(region: "r", zone: "z1") }
        shop.change("catalog-v1") { $0.locality = Locality(region: "r", zone: "z1") }
        shop.change("catalog-v2") { $0.locality = Locality(region: "r", zone: "z2") }
        #expect(try shop.shares(of: "10.96.0.10:80") == ["catalog-v1": 1000])
        shop.change("catalog-v1") { $0.status = .unhealthy }
        #expect(try shop.shares(of: "10.96.0.10:80") == ["catalog-v2": 1000])
    }
}
