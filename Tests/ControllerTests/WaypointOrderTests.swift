import Controller
import Mesh
import Testing

/// What proxies are told of waypoints, step by step.
struct WaypointOrderTests {
    private static let gateway = """
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: way, namespace: shop}
        spec: {gatewayClassName: slipstream-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}

        """

    private static func service(
        _ name: String = "cart", ip: String = "10.96.0.10", labels: String = "", annotations: String = "",
        target: Int = 8080, app: String = "web"
    ) -> String {
        """
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: \(name), namespace: shop, labels: {\(labels)}, annotations: {\(annotations)}}
        spec: {clusterIP: \(ip), selector: {app: \(app)}, ports: [{port: 80, targetPort: \(target)}]}

        """
    }

    private static let bound = "istio.io/use-waypoint: way"
    private static let inForce = "slipstream_only_through_shop_way_8080"
    private static let announced = "slipstream_soon_only_through_shop_way_8080"

    @Test func `a waypoint comes into force in order, and goes in order`() throws {
        var world = OrderedWorld()
        world.become(Self.gateway + Self.service() + pod("web"), isFirst: true)
        let straight = world.told
        #expect(try world.service("cart").gateways.isEmpty)

        world.become(Self.gateway + Self.service(labels: Self.bound) + pod("web"))
        #expect(try world.service("cart").waypoint == nil && world.service("cart").gateways.count == 1)
        #expect(try world.guards("web").isEmpty)
        world.acknowledge()
        #expect(try world.service("cart").waypoint != nil)
        #expect(try world.guards("web") == [Self.announced])
        world.acknowledge()
        #expect(try world.guards("web") == [Self.announced], "what has begun to go straight gets a moment")
        world.wait()
        #expect(try world.guards("web") == [Self.inForce])
        #expect(world.isUnderWay)
        world.acknowledge()
        #expect(!world.isUnderWay)
        #expect(try world.service("cart").weightedWaypoints.isEmpty)
        #expect(world.told.policies.map(\.name).filter { $0.hasPrefix("slipstream_") } == [Self.inForce])

        world.become(Self.gateway + Self.service() + pod("web"))
        #expect(try world.service("cart").waypoint != nil && world.guards("web") == [Self.announced])
        world.acknowledge()
        #expect(try world.service("cart").waypoint == nil && world.service("cart").gateways.count == 1)
        #expect(try world.guards("web").isEmpty)
        world.settle()
        #expect(world.told == straight)
    }

    @Test func `what a controller finds when it begins is in force, so that nobody gets around it meanwhile`() throws {
        var world = OrderedWorld()
        world.become(Self.gateway + Self.service(labels: Self.bound) + pod("web"), isFirst: true)
        #expect(try !world.isUnderWay && world.guards("web") == [Self.inForce])
        #expect(try world.service("cart").waypoint != nil)
    }

    @Test func `a proxy that comes without a guard says that its waypoint was not in force, and it comes in order`()
        throws
    {
        let text = Self.gateway + Self.service(labels: Self.bound) + pod("web")
        var world = OrderedWorld()
        world.become(text, isFirst: true)
        world.learn([:])
        world.learn(["shop/\(Self.inForce)": "1", "shop/x": "1"])
        #expect(try world.guards("web") == [Self.inForce], "who knows nothing, or all, tells nothing new")
        world.learn(["shop/x": "1"])
        #expect(try world.service("cart").waypoint != nil && world.guards("web") == [Self.announced])
        world.settle()
        #expect(try world.guards("web") == [Self.inForce])
        world.learn(["shop/x": "1"])
        #expect(try world.guards("web") == [Self.inForce], "it is known to be in force by now")

        var other = OrderedWorld()
        other.become(text, isFirst: true)
        other.acknowledge()
        other.learn(["shop/x": "1"])
        #expect(try other.guards("web") == [Self.inForce], "all have acknowledged it since")
    }

    @Test func `a service that is new is never straight to the one who learns of it`() throws {
        var world = OrderedWorld()
        world.become(Self.gateway + pod("web"), isFirst: true)
        world.become(Self.gateway + Self.service(labels: Self.bound) + pod("web"))
        #expect(try world.service("cart").waypoint != nil && world.guards("web") == [Self.announced])
        world.settle()
        #expect(try world.guards("web") == [Self.inForce])
    }

    @Test func `only the waypoint's own identity is let in`() throws {
        var world = OrderedWorld()
        world.become(Self.gateway + Self.service(labels: Self.bound) + pod("web"), isFirst: true)
        let snapshot = Snapshot(world.told)
        let web = try #require(snapshot.workload(uid: "Kubernetes//Pod/shop/web"))
        func isAllowed(_ account: String?, waypoint: String? = nil, port: UInt16 = 8080) -> Bool {
            func identity(_ name: String) -> SPIFFEIdentity {
                SPIFFEIdentity(trustDomain: "cluster.local", namespace: "shop", serviceAccount: name)
            }
            let attributes = ConnectionAttributes(
                source: IPAddress("10.9.9.9")!, sourceIdentity: account.map(identity),
                destination: SocketAddress(web.workload.addresses[0], port), waypoint: waypoint.map(identity))
            return snapshot.policies(of: web).decide(attributes).isAllowed
        }
        #expect(isAllowed("way") && isAllowed("client", waypoint: "way"))
        #expect(!isAllowed("client") && !isAllowed(nil) && !isAllowed("client", waypoint: "other"))
        #expect(isAllowed("client", port: 9090), "a port that no bound service leads to")
    }

    @Test(arguments: [("10.96.0.11", false), ("None", true)])
    func `a port that another service without a waypoint leads to is open, but not for want of a virtual address`(
        ip: String, isClosed: Bool
    ) throws {
        var world = OrderedWorld()
        let text = Self.gateway + Self.service(labels: Self.bound) + Self.service("other", ip: ip) + pod("web")
        world.become(text, isFirst: true)
        #expect(try world.guards("web") == (isClosed ? [Self.inForce] : []))
        let other = NamespacedName(namespace: "shop", name: "other.shop.svc.cluster.local")
        #expect(world.openPorts("cart") == (isClosed ? [:] : [8080: [other]]))
        let told = world.gaps("cart")
        #expect(told?.contains("port 8080, where \(other) leads") ?? isClosed, "\(told ?? "nothing")")
    }

    @Test func `another service on another port of the same pod changes nothing`() throws {
        var world = OrderedWorld()
        let text =
            Self.gateway + Self.service(labels: Self.bound)
            + Self.service("other", ip: "10.96.0.11", target: 9090) + pod("web")
        world.become(text, isFirst: true)
        #expect(try world.guards("web") == [Self.inForce])
    }

    @Test func `both a waypoint and its canary are let in`() throws {
        var world = OrderedWorld()
        let labels = "istio.io/use-waypoint: way, istio.io/use-waypoint-canary: next"
        let text =
            Self.gateway + Self.gateway.replacing("name: way", with: "name: next")
            + Self.service(labels: labels, annotations: "istio.io/use-waypoint-canary-weight: '30'") + pod("web")
        world.become(text, isFirst: true)
        #expect(try world.guards("web") == ["slipstream_only_through_shop_next_or_shop_way_8080"])
        #expect(try world.service("cart").weightedWaypoints.map(\.weight) == [70, 30])
    }

    @Test func `one policy does for all pods of a namespace, and goes with the last`() throws {
        var world = OrderedWorld()
        let pods = (1...5).map { pod("web-\($0)", app: "web", address: "10.244.1.\($0)") }
        world.become(Self.gateway + Self.service(labels: Self.bound) + pods.joined(), isFirst: true)
        #expect(world.told.policies.filter { $0.name == Self.inForce }.count == 1)
        world.become(Self.gateway + Self.service(labels: Self.bound) + pods[0])
        #expect(world.told.policies.contains { $0.name == Self.inForce })
        world.become(Self.gateway + Self.service(labels: Self.bound))
        #expect(!world.told.policies.contains { $0.name == Self.inForce })
    }

    @Test func `a pod that its node does not capture names no policy that nobody would keep`() throws {
        var world = OrderedWorld()
        let plain = pod("web").replacing("redirection: enabled", with: "redirection: ''")
        world.become(Self.gateway + Self.service(labels: Self.bound) + plain, isFirst: true)
        #expect(try world.guards("web").isEmpty)
    }

    @Test func `a waypoint that is missing closes the port all the same`() throws {
        var world = OrderedWorld()
        world.become(Self.service(labels: Self.bound) + pod("web"), isFirst: true)
        #expect(try world.service("cart").waypoint != nil && world.guards("web") == [Self.inForce])
    }

    @Test func `another's waypoint is let in as whom its pods run as, and not before they are known`() throws {
        var world = OrderedWorld()
        let foreign = Self.gateway.replacing("slipstream-waypoint", with: "theirs").replacing(
            "spec:", with: "status: {addresses: [{value: 10.96.0.9}]}\nspec:")
        let text = foreign + Self.service(labels: Self.bound) + pod("web")
        world.become(text, isFirst: true)
        #expect(try world.service("cart").waypoint != nil && world.guards("web").isEmpty)
        let proxy = pod("proxy", address: "10.244.1.9").replacing(
            "labels: {app", with: "labels: {gateway.networking.k8s.io/gateway-name: way, app")
        world.become(text + proxy)
        world.settle()
        #expect(try world.guards("web") == ["slipstream_only_through_shop_proxy_8080"])
    }

    @Test(arguments: 0..<60)
    func `whatever has been, all comes to be as if it had never been otherwise`(seed: UInt64) {
        var random = ManifestGenerator(seed: seed)
        var world = OrderedWorld()
        for round in 0..<5 {
            world.become(random.objects(), isFirst: round == 0)
            for _ in 0..<Int.random(in: 0...4, using: &random) { world.acknowledge() }
            if random.chance(2) { world.wait() }
        }
        world.settle()
        var fresh = OrderedWorld()
        fresh.become(world.objects, isFirst: true)
        #expect(world.told == fresh.told)
    }
}

struct WaypointProgressTests {
    private static let gateway = NamespacedName(namespace: "shop", name: "way")

    private static func proxy(
        _ name: String, _ role: ProxyState.Role = .ztunnel, node: String = "node-1", at version: UInt64,
        isAway: Bool = false
    ) -> ProxyState {
        var proxy = ProxyState(
            id: .init(name: name, process: ""), role: role, node: node, isOurs: true, sessionStart: 1)
        proxy.acknowledged = WorldVersion(version)
        if isAway { proxy.link = .disconnected(since: .init(secondsSinceEpoch: 1)) }
        return proxy
    }

    private static func progress(
        _ proxies: [ProxyState], nodes: Set<String> = ["node-1"], pods: String = ""
    ) -> WaypointOrder.Progress {
        .init(proxies: proxies, nodes: nodes, world: WorldVersion(9), in: MeshModel(objects(pods)))
    }

    @Test func `the slowest node holds a step back`() {
        let proxies = [Self.proxy("s/a", at: 9), Self.proxy("s/b", node: "node-2", at: 4)]
        #expect(Self.progress(proxies).nodes == WorldVersion(4))
        #expect(Self.progress([], nodes: []).nodes == WorldVersion(9))
    }

    @Test func `a node whose proxy is not known holds it back`() {
        #expect(Self.progress([Self.proxy("s/a", at: 9)], nodes: ["node-1", "node-2"]).nodes == .none)
    }

    @Test func `a proxy that is away holds it back until another serves its node and its pod is gone`() {
        let old = Self.proxy("shop/old", at: 4, isAway: true)
        let new = Self.proxy("shop/new", at: 9)
        #expect(Self.progress([old]).nodes == WorldVersion(4))
        #expect(Self.progress([old, new], pods: pod("old")).nodes == WorldVersion(4))
        #expect(Self.progress([old, new]).nodes == WorldVersion(9))
    }

    @Test func `a waypoint's proxies count while they may get connections`() {
        let role = ProxyState.Role.waypoint(Self.gateway)
        let slow = Self.proxy("shop/slow", role, at: 3)
        let away = Self.proxy("shop/away", role, at: 2, isAway: true)
        #expect(Self.progress([slow, away], nodes: []).waypoints == [Self.gateway: WorldVersion(3)])
        #expect(Self.progress([slow, away], nodes: [], pods: pod("away")).waypoints[Self.gateway] == WorldVersion(2))
        #expect(Self.progress([away], nodes: []).waypoints.isEmpty)
    }
}

/// A controller's world without its sockets: what proxies are told, all of whom acknowledge at once when asked to.
private struct OrderedWorld {
    private var live = LiveTranslation()
    private var order = WaypointOrder(settings: MeshSettings())
    private(set) var told = MeshConfiguration()
    private var version = WorldVersion.none
    private var nowMilliseconds: UInt64 = 0

    init() { told.policies = live.translation.configuration.policies }

    var isUnderWay: Bool { order.isUnderWay }
    var objects: [KubernetesObject] { Array(live.model.objects.values) }

    mutating func become(_ text: String, isFirst: Bool = false) {
        become(ControllerTests.objects(text), isFirst: isFirst)
    }

    mutating func become(_ objects: [KubernetesObject], isFirst: Bool) {
        let wanted = Dictionary(objects.map { ($0.reference, $0) }) { $1 }
        let changes = live.apply(live.model.changes(to: wanted))
        publish(order.take(changes, of: live, isFirst: isFirst))
    }

    /// All acknowledge what they have been told; one step follows.
    mutating func acknowledge() {
        let effects = order.advance(.init(nodes: version), nowMilliseconds: nowMilliseconds, of: live)
        if let effects { publish(effects) }
    }

    /// A proxy comes that holds these policies.
    mutating func learn(_ policies: [String: String]) {
        if let effects = order.learn(held: policies, of: live) { publish(effects) }
    }

    mutating func wait() {
        nowMilliseconds += WaypointOrder.lingerMilliseconds
        acknowledge()
    }

    mutating func settle() {
        for _ in 0..<20 where isUnderWay { wait() }
        #expect(!isUnderWay)
    }

    private mutating func publish(_ changes: LiveTranslation.Changes) {
        version = version.next
        told = told.applying(changes)
        order.published(at: version)
    }

    func service(_ name: String) throws -> Service { try #require(told.services.first { $0.name == name }) }

    func guards(_ pod: String) throws -> [String] {
        let workload = try #require(told.workloads.first { $0.name == pod })
        let names = workload.authorizationPolicies.map(\.name).filter { $0.hasPrefix("slipstream_") }
        for name in names { #expect(told.policies.contains { $0.name == name }) }
        return names
    }

    func gaps(_ service: String) -> String? {
        order.gaps(of: ObjectReference(kind: .service, namespace: "shop", name: service), in: live)
    }

    func openPorts(_ service: String) -> [UInt16: Set<NamespacedName>] {
        order.openPorts(
            of: NamespacedName(namespace: "shop", name: "\(service).shop.svc.cluster.local"), in: live)
    }
}
