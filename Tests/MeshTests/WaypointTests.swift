import Mesh
import Testing

private let gateway = NamespacedName("shop/waypoint.shop.svc.cluster.local")!
private let address = IPAddress("10.0.0.20")!
private let identity = SPIFFEIdentity("spiffe://cluster.local/ns/shop/sa/waypoint")!

/// A cart behind the service `cart` (80 → 8080), a waypoint behind a service of its own, and who is bound to it.
private struct World {
    var workloads: [Workload]
    var services: [Service]

    init(bindsService: Bool = false, bindsWorkload: Bool = false, by destination: GatewayAddress.Destination? = nil) {
        let bound = GatewayAddress(destination: destination ?? .hostname(gateway))
        var cart = Workload(uid: "cart", name: "cart", namespace: "shop")
        cart.addresses = [IPAddress("10.0.0.2")!]
        var service = Service(name: "cart", namespace: "shop", hostname: "cart.shop.svc.cluster.local")
        service.ports = [80: .init(target: 8080)]
        cart.services = [service.key: [80: 8080]]
        var waypoint = Workload(uid: "waypoint", name: "waypoint-1", namespace: "shop")
        waypoint.serviceAccount = "waypoint"
        waypoint.addresses = [address]
        waypoint.status = .unhealthy
        waypoint.services = [gateway: [15008: 15008]]
        var own = Service(name: "waypoint", namespace: "shop", hostname: gateway.name)
        own.addresses = [NetworkAddress(ip: IPAddress("10.96.0.20")!)]
        if bindsService { service.waypoint = bound }
        if bindsWorkload { cart.waypoint = bound }
        workloads = [cart, waypoint]
        services = [service, own]
    }

    func believes(_ ip: IPAddress = address, _ identity: SPIFFEIdentity = identity, port: UInt16 = 8080) -> Bool {
        let snapshot = Snapshot(MeshConfiguration(workloads: workloads, services: services))
        let cart = snapshot.workload(uid: "cart")!
        return snapshot.waypoint(at: ip, network: "", proving: identity, for: cart, port: port) != nil
    }
}

struct WaypointTrustTests {
    @Test(arguments: [
        GatewayAddress.Destination.hostname(gateway), .address(NetworkAddress(ip: IPAddress("10.96.0.20")!)),
        .address(NetworkAddress(ip: address)),
    ])
    func `a waypoint is believed by what is bound to it, even while it drains`(
        to destination: GatewayAddress.Destination
    ) {
        #expect(World(bindsService: true, by: destination).believes())
        #expect(World(bindsWorkload: true, by: destination).believes())
    }

    @Test func `a waypoint with a share of the connections, or one that had or will have one, is believed`() {
        for weight in [0, 30] as [UInt32] {
            var world = World()
            world.services[0].weightedWaypoints = [
                .init(destination: GatewayAddress(destination: .hostname(gateway)), weight: weight)
            ]
            #expect(world.believes())
            #expect(!world.believes(port: 9090))
        }
    }

    @Test func `who is bound to no waypoint believes none`() { #expect(!World().believes()) }

    @Test func `a service's waypoint is believed for the ports that the service leads to`() {
        #expect(!World(bindsService: true).believes(port: 9090))
        #expect(World(bindsWorkload: true).believes(port: 9090))
    }

    @Test func `neither the waypoint's address nor its identity is enough alone`() {
        let world = World(bindsService: true, bindsWorkload: true)
        #expect(!world.believes(IPAddress("10.0.0.2")!))
        #expect(!world.believes(IPAddress("10.0.0.99")!))
        #expect(!world.believes(address, SPIFFEIdentity("spiffe://cluster.local/ns/shop/sa/default")!))
        #expect(!world.believes(address, SPIFFEIdentity("spiffe://other/ns/shop/sa/waypoint")!))
    }
}

struct WaypointPolicyTests {
    private func through(_ policies: AuthorizationPolicy...) -> Bool {
        var attributes = ConnectionAttributes.frontend
        attributes.waypoint = identity
        return EffectivePolicies(sets: [PolicySet(policies)]).decide(attributes).isAllowed
    }

    private let frontend = AuthorizationPolicy.StringMatch.exact(SPIFFEIdentity.frontend.principal)
    private let waypoint = AuthorizationPolicy.StringMatch.exact(identity.principal)

    @Test func `policy asks about the client behind the waypoint`() {
        #expect(through(.allow("a", [Rule { $0.principals = [frontend] }])))
        #expect(!through(.deny("d", [Rule { $0.principals = [frontend] }])))
        #expect(!through(.allow("a", [Rule { $0.principals = [.exact("cluster.local/ns/other/sa/x")] }])))
        #expect(!through(.allow("a", [Rule { $0.namespaces = [.exact("elsewhere")] }])))
    }

    @Test func `one that names the waypoint means the waypoint`() {
        #expect(through(.allow("a", [Rule { $0.principals = [waypoint] }])))
        #expect(through(.allow("a", [Rule { $0.serviceAccounts = [NamespacedName("shop/waypoint")!] }])))
        #expect(!through(.deny("d", [Rule { $0.principals = [waypoint] }])))
        // None but the waypoint may: the client is not it, and yet it comes through it.
        #expect(through(.deny("d", [Rule { $0.notPrincipals = [waypoint] }])))
    }

    @Test func `a pattern that fits the waypoint is still asked of the client`() {
        #expect(!through(.allow("a", [Rule { $0.principals = [.suffix("/sa/waypoint")] }])))
    }
}
