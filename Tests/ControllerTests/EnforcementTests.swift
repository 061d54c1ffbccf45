import Controller
import Mesh
import Testing

/// Where an object's content is in force, from what proxies have acknowledged.
struct EnforcementTests {
    private static let now = Kubernetes.Timestamp(secondsSinceEpoch: 1_800_000_000)
    private static let policyText = policy("deny", spec: "action: DENY\nrules: [{}]")
    private static let reference = ObjectReference(kind: .authorizationPolicy, namespace: "shop", name: "deny")

    /// A world whose objects came in with change 1, and the policy with change 2.
    private struct World {
        var model: MeshModel
        var ledger = EnforcementLedger(settings: MeshSettings())

        init(_ text: String) {
            let around = objects(text)
            let policies = objects(EnforcementTests.policyText)
            model = MeshModel(around + policies)
            ledger.apply(around.map { .upsert($0) }, in: MeshModel(around), at: WorldVersion(1))
            ledger.apply(policies.map { .upsert($0) }, in: model, at: WorldVersion(2))
        }

        func verdict(
            _ proxies: [ProxyState], on reference: ObjectReference = EnforcementTests.reference,
            others: [ProxyState.ID: Acknowledgement] = [:], now: Kubernetes.Timestamp = EnforcementTests.now
        ) throws -> EnforcementVerdict {
            let census = ProxyCensus(proxies, in: model, now: now)
            return try #require(ledger.verdict(on: reference, in: model, census, others: others))
        }

        /// Takes in what a text says, with the next change.
        mutating func change(_ text: String, at world: UInt64) {
            let changes = objects(text).map { MeshModel.Change.upsert($0) }
            model.apply(changes)
            ledger.apply(changes, in: model, at: WorldVersion(world))
        }
    }

    private static func pods(_ nodes: String...) -> String {
        nodes.enumerated().map { index, node in
            pod("p\(index)", address: "10.0.0.\(index + 1)").replacing("nodeName: node-1", with: "nodeName: \(node)")
        }.joined()
    }

    private static func proxy(
        _ node: String, at world: UInt64, isOurs: Bool = true, process: String = "x", sessionStart: UInt64 = 1
    ) -> ProxyState {
        var proxy = ProxyState(
            id: .init(name: "ztunnel-\(node)", process: process), role: .ztunnel, node: node, isOurs: isOurs,
            sessionStart: sessionStart)
        proxy.acknowledged = WorldVersion(world)
        return proxy
    }

    @Test func `a policy is in force once every node with a pod of it has acknowledged`() throws {
        let world = World(Self.pods("n1", "n2"))
        let pending = try world.verdict([Self.proxy("n1", at: 2), Self.proxy("n2", at: 1), Self.proxy("n3", at: 0)])
        #expect(pending.total == 2 && pending.enforcing == 1 && !pending.isEnforced)
        #expect(pending.laggards == [.init(name: "ztunnel-n2", node: "n2", lag: .behind)])
        let done = try world.verdict([Self.proxy("n1", at: 2), Self.proxy("n2", at: 9)])
        #expect(done.isEnforced && done.enforcing == 2)
    }

    @Test func `a later change of something else asks for no new acknowledgement`() throws {
        var world = World(Self.pods("n1"))
        world.change(Self.policyText, at: 7)
        #expect(try world.verdict([Self.proxy("n1", at: 2)]).isEnforced)
        world.change(policy("deny", spec: "action: DENY\nrules: [{to: [{operation: {ports: ['1']}}]}]"), at: 8)
        #expect(try !world.verdict([Self.proxy("n1", at: 7)]).isEnforced)
    }

    @Test func `a proxy that rejects a resource of the object is named first, with its reason`() throws {
        let world = World(Self.pods("n1", "n2"))
        var rejecting = Self.proxy("n2", at: 2)
        rejecting.rejections = [.policy(NamespacedName(namespace: "shop", name: "deny")): "a bad prefix"]
        let verdict = try world.verdict([Self.proxy("n1", at: 1), rejecting])
        #expect(verdict.laggards.map(\.node) == ["n2", "n1"])
        let condition = Condition.enforced(verdict, generation: 3)
        #expect(condition.status == .isFalse && condition.reason == "Rejected" && condition.observedGeneration == 3)
        #expect(condition.message.hasPrefix("0/2 proxies") && condition.message.contains("a bad prefix"))
    }

    @Test func `a node with pods and no proxy is not passed over`() throws {
        let verdict = try World(Self.pods("n1", "n2")).verdict([Self.proxy("n1", at: 2)])
        #expect(verdict.total == 2 && verdict.laggards == [.init(name: "n2", node: "n2", lag: .absent)])
    }

    @Test func `a draining process counts, and one that is away until its certificate has ended`() throws {
        let world = World(Self.pods("n1"))
        var old = Self.proxy("n1", at: 1, process: "old")
        old.link = .draining(since: Self.now)
        let new = Self.proxy("n1", at: 2, process: "new")
        #expect(try world.verdict([old, new]).total == 2)

        var away = Self.proxy("n1", at: 2, process: "away")
        away.link = .disconnected(since: Self.now)
        away.certificateEnd = .init(secondsSinceEpoch: Self.now.secondsSinceEpoch + 60)
        let verdict = try world.verdict([away])
        #expect(!verdict.isEnforced && verdict.laggards.map(\.lag) == [.disconnected(since: Self.now)])
        let later = Kubernetes.Timestamp(secondsSinceEpoch: Self.now.secondsSinceEpoch + 60)
        #expect(try world.verdict([away], now: later).laggards.map(\.lag) == [.absent])
    }

    @Test func `a process whose pod runs a newer one is over once it is away`() throws {
        let world = World(Self.pods("n1"))
        var old = Self.proxy("n1", at: 1, process: "old")
        old.link = .disconnected(since: Self.now)
        #expect(try world.verdict([old, Self.proxy("n1", at: 2, process: "new", sessionStart: 2)]).isEnforced)
    }

    @Test func `one that is away counts until its node is gone`() throws {
        let node = "---\napiVersion: v1\nkind: Node\nmetadata: {name: n1}\n"
        let world = World(Self.pods("n1") + node)
        var gone = Self.proxy("n9", at: 0)
        gone.link = .disconnected(since: Self.now)
        #expect(try world.verdict([Self.proxy("n1", at: 2), gone]).isEnforced)
    }

    @Test func `a foreign proxy has received and never enforces`() throws {
        let verdict = try World(Self.pods("n1")).verdict([Self.proxy("n1", at: 2, isOurs: false)])
        #expect(!verdict.isEnforced && verdict.enforcing == 0 && verdict.acknowledging == 1)
    }

    @Test func `another controller's newer session counts`() throws {
        let world = World(Self.pods("n1"))
        let stale = Self.proxy("n1", at: 1)
        let moved = Self.proxy("n1", at: 2, sessionStart: 5)
        let told = world.ledger.acknowledgement(of: moved, sequence: 1)
        #expect(try world.verdict([stale], others: [stale.id: told]).isEnforced)
        let older = Acknowledgement(sessionStart: 0, sequence: 9, versions: told.versions)
        #expect(try !world.verdict([stale], others: [stale.id: older]).isEnforced)
    }

    private static let selecting = policy("few", spec: "selector: {matchLabels: {app: few}}\nrules: []")
    private static let selectingReference = ObjectReference(
        kind: .authorizationPolicy, namespace: "shop", name: "few")

    @Test func `a pod that comes under a policy while it runs is not ruled by it before its proxy knows`() throws {
        var world = World(pod("p", app: "many") + Self.selecting)
        #expect(try world.verdict([Self.proxy("node-1", at: 2)], on: Self.selectingReference).total == 0)
        world.change(pod("p", app: "few"), at: 3)
        let stale = try world.verdict([Self.proxy("node-1", at: 2)], on: Self.selectingReference)
        #expect(stale.laggards.map(\.lag) == [.behind])
        #expect(try world.verdict([Self.proxy("node-1", at: 3)], on: Self.selectingReference).isEnforced)
    }

    @Test func `a new pod is ruled from its beginning, so nobody is asked again`() throws {
        var world = World(pod("p", app: "few") + Self.selecting)
        world.change(pod("q", app: "few", address: "10.0.0.9"), at: 3)
        #expect(try world.verdict([Self.proxy("node-1", at: 2)], on: Self.selectingReference).isEnforced)
    }

    @Test(arguments: [
        (policy("deny", spec: "action: CUSTOM\nprovider: {name: x}\nrules: [{}]"), "NoEffect"),
        (
            policy("deny", spec: "targetRefs: [{kind: Gateway, group: gateway.networking.k8s.io, name: x}]"),
            "NotEnforced"
        ),
    ])
    func `what no proxy acts on as it is written is in force nowhere`(text: String, reason: String) throws {
        var world = World(Self.pods("n1"))
        world.change(text, at: 3)
        let verdict = try world.verdict([Self.proxy("n1", at: 9)])
        #expect(!verdict.isEnforced && verdict.obstacle?.reason == reason)
        #expect(Condition.enforced(verdict, generation: nil).status == .isFalse)
    }

    @Test func `a binding is as young as its waypoint, and none while the waypoint is not there`() throws {
        let service =
            "---\napiVersion: v1\nkind: Service\nmetadata: {name: cart, namespace: shop, "
            + "labels: {istio.io/use-waypoint: way}}\nspec: {ports: [{port: 80}]}\n"
        let gateway = """
            ---
            apiVersion: gateway.networking.k8s.io/v1
            kind: Gateway
            metadata: {name: way, namespace: shop}
            spec: {gatewayClassName: slipstream-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}

            """
        var world = World(Self.pods("n1") + service)
        let reference = ObjectReference(kind: .service, namespace: "shop", name: "cart")
        #expect(try world.verdict([Self.proxy("n1", at: 2)], on: reference).obstacle?.reason == "WaypointIsNotReady")
        world.change(gateway, at: 3)
        let verdict = try world.verdict([Self.proxy("n1", at: 2)], on: reference)
        #expect(verdict.obstacle == nil && verdict.laggards.map(\.lag) == [.absent, .behind])
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func `the nodes kept up with changes are those that a look at everything finds`(seed: UInt64) {
        var random = ManifestGenerator(seed: seed)
        let settings = MeshSettings()
        var (model, nodes) = (MeshModel(), GovernedNodes(settings: settings))
        for version in 1...8 as ClosedRange<UInt64> {
            let changes = model.changes(to: Dictionary(random.objects().map { ($0.reference, $0) }) { $1 })
                .shuffled(using: &random).prefix(12)
            model.apply(changes)
            _ = nodes.apply(Array(changes), in: model, at: WorldVersion(version))
            for object in model.objects.values {
                let reach = Reach(of: object, settings: settings)
                #expect(Set(nodes.nodes(in: reach).keys) == model.nodes(in: reach, settings), "\(object.reference)")
            }
        }
    }

    @Test func `a binding is in force when every sender and the waypoint know it`() throws {
        let bound = """
            ---
            apiVersion: gateway.networking.k8s.io/v1
            kind: Gateway
            metadata: {name: way, namespace: shop}
            spec: {gatewayClassName: slipstream-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: cart, namespace: shop, labels: {istio.io/use-waypoint: way}}
            spec: {ports: [{port: 80}]}

            """
        let world = World(Self.pods("n1", "n2") + bound)
        let service = ObjectReference(kind: .service, namespace: "shop", name: "cart")
        let ztunnels = [Self.proxy("n1", at: 1), Self.proxy("n2", at: 1)]
        let without = try world.verdict(ztunnels, on: service)
        #expect(without.total == 3 && without.laggards.map(\.lag) == [.absent])
        var waypoint = ProxyState(
            id: .init(name: "way-1", process: ""), role: .waypoint(NamespacedName(namespace: "shop", name: "way")),
            node: "n1", isOurs: true, sessionStart: 1)
        waypoint.acknowledged = WorldVersion(1)
        #expect(try world.verdict(ztunnels + [waypoint], on: service).isEnforced)
    }

    @Test(arguments: 0..<200)
    func `acknowledgements merge in any order, any number of times`(seed: UInt64) {
        var random = ManifestGenerator(seed: seed)
        let knowledge = random.list(3...3) { $0.acknowledgements() }
        let (a, b, c) = (knowledge[0], knowledge[1], knowledge[2])
        #expect(a.merged(b) == b.merged(a))
        #expect(a.merged(b).merged(c) == a.merged(b.merged(c)))
        #expect(a.merged(a) == a && a.merged(b).merged(b) == a.merged(b))
    }

    @Test func `the time of a condition moves only with its status`() {
        let (first, second) = (Self.now, Kubernetes.Timestamp(secondsSinceEpoch: Self.now.secondsSinceEpoch + 9))
        let pending = Condition("a", .isFalse, reason: "Pending", message: "0/2")
        let before = [pending].following([], at: first)
        let closer = Condition("a", .isFalse, reason: "Pending", message: "1/2")
        #expect([closer].following(before, at: second).map(\.lastTransitionTime) == [first])
        let done = Condition("a", .isTrue, reason: "Enforced", message: "2/2")
        #expect([done].following(before, at: second).map(\.lastTransitionTime) == [second])
    }

    @Test func `a policy's acceptance names what of it connections do not show`() throws {
        let text = policy("web", spec: "rules: [{to: [{operation: {paths: [/x]}}]}]")
        guard case .authorizationPolicy(let policy)? = objects(text).first else { return }
        let condition = try #require(AcceptanceConditions.ztunnelAccepted(policy, settings: MeshSettings()))
        #expect(condition.status == .isFalse && condition.reason == "UnsupportedValue")
        #expect(condition.message.contains("spec.rules[0]") && condition.message.contains("paths"))
    }
}

extension MeshModel {
    /// Found by looking at every pod.
    fileprivate func nodes(in reach: Reach, _ settings: MeshSettings) -> Set<String> {
        Set(
            pods.values.filter { pod in
                guard pod.isServedByNodeProxy else { return false }
                switch reach {
                case .nobody: return false
                case .mesh: return true
                case .namespace(let namespace): return pod.metadata.namespace == namespace
                case .selection(let reference):
                    let selector: [String: String]? =
                        switch objects[reference] {
                        case .authorizationPolicy(let policy)?: policy.selector
                        case .peerAuthentication(let authentication)?: authentication.selector
                        default: nil
                        }
                    let isNear = [pod.metadata.namespace, settings.rootNamespace].contains(reference.namespace)
                    return isNear && selector?.allSatisfy { pod.metadata.labels[$0.key] == $0.value } ?? false
                }
            }.map(\.spec.nodeName))
    }
}

extension [ProxyState.ID: Acknowledgement] {
    fileprivate func merged(_ other: Self) -> Self {
        var merged = self
        merged.merge(other)
        return merged
    }
}

extension ManifestGenerator {
    fileprivate mutating func acknowledgements() -> [ProxyState.ID: Acknowledgement] {
        var all: [ProxyState.ID: Acknowledgement] = [:]
        for name in ["a", "b"] where chance(2) {
            var versions: [ObjectReference: ContentVersion] = [:]
            for _ in 0..<3 {
                let object = KubernetesObject.namespace(.init(metadata: .init(name: pick(["x", "y"]))))
                let labelled = KubernetesObject.namespace(
                    .init(metadata: Self.labelled(object.metadata, pick(["1", "2"]))))
                versions[object.reference] = ContentVersion(of: labelled)
            }
            let rejected = ResourceReference.workload(pick(["u", "v"]))
            all[.init(name: name, process: "")] = Acknowledgement(
                sessionStart: UInt64.random(in: 0...1, using: &self), sequence: UInt64.random(in: 0...1, using: &self),
                versions: versions, rejections: chance(2) ? [rejected: pick(["p", "q"])] : [:])
        }
        return all
    }

    private static func labelled(_ metadata: Kubernetes.ObjectMeta, _ value: String) -> Kubernetes.ObjectMeta {
        var metadata = metadata
        metadata.labels["istio.io/use-waypoint"] = value
        return metadata
    }
}
