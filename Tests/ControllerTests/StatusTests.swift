import Controller
import Discovery
import Mesh
import Testing

/// What objects' statuses say, and when it is said anew.
struct StatusTests {
    private static let now = Kubernetes.Timestamp(secondsSinceEpoch: 1_800_000_000)

    private static let gateway = """
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: way, namespace: shop}
        spec: {gatewayClassName: slipstream-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}

        """

    private static func service(_ name: String, labels: String = "") -> String {
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: \(name), namespace: shop, labels: {\(labels)}}\n"
            + "spec: {ports: [{port: 80}]}\n"
    }

    private static func route(_ parent: String, _ backend: String, extra: String = "") -> String {
        """
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: split, namespace: shop, generation: 4}
        spec:
          parentRefs: [{group: "", kind: Service, name: \(parent)}, {name: foreign}]
          rules: [{backendRefs: [{name: \(backend), port: 80\(extra)}]}]

        """
    }

    /// A world whose every change is looked at.
    private struct World {
        var model = MeshModel()
        var ledger = EnforcementLedger(settings: MeshSettings())
        var book = StatusBook()
        var proxies: [ProxyState] = []
        var problems: [ObjectReference: String] = [:]
        private var version = WorldVersion.none

        init(_ text: String) { change(to: text) }

        mutating func change(to text: String) {
            let changes = model.changes(to: Dictionary(objects(text).map { ($0.reference, $0) }) { $1 })
            version = version.next
            for change in changes { mark(change) }
            model.apply(changes)
            for change in changes { mark(change) }
            book.mark(ledger.apply(changes, in: model, at: version))
            book.markAttached()
        }

        private mutating func mark(_ change: MeshModel.Change) {
            book.mark(model.objects[change.reference].map(model.statusDependents(of:)) ?? [change.reference])
        }

        /// What there is to write now.
        mutating func changes() -> StatusBook.Changes {
            var all = StatusBook.Changes()
            let census = ProxyCensus(proxies, in: model, now: StatusTests.now)
            let (model, ledger) = (model, ledger)
            let translation = StatusTranslation(
                model: model, settings: MeshSettings(), template: .init(image: "x"), problems: problems
            ) { ledger.verdict(on: $0, in: model, census) }
            while book.isMarked { all.merge(book.changes(limit: 3, now: StatusTests.now, translation)) }
            return all
        }
    }

    private static func reference(_ kind: KubernetesObject.Kind, _ name: String) -> ObjectReference {
        ObjectReference(kind: kind, namespace: kind.isNamespaced ? "shop" : "", name: name)
    }

    @Test func `a route is told about each parent of ours, and of no other`() throws {
        var world = World(Self.service("cart") + Self.service("v2") + Self.route("cart", "v2"))
        let status = try #require(world.changes().statuses[Self.reference(.httpRoute, "split")] ?? nil)
        #expect(status.parents.map(\.reference.name) == ["cart"])
        let conditions = try #require(status.parents.first).conditions
        #expect(
            conditions.map(\.type) == [
                "Accepted", "ResolvedRefs", "ResolvedWaypoints", "slipstream.io/Enforced",
            ])
        #expect(conditions.map(\.status) == [.isTrue, .isTrue, .isTrue, .isFalse])
        #expect(conditions.allSatisfy { $0.observedGeneration == 4 })
    }

    @Test(arguments: [
        ("gone", "v2", "", "NoMatchingParent", "ResolvedRefs"), ("cart", "gone", "", "Accepted", "BackendNotFound"),
        ("cart", "v2", ", namespace: other", "Accepted", "RefNotPermitted"),
        ("cart", "v2", ", kind: Bucket", "Accepted", "InvalidKind"),
    ])
    func `what a route refers to and is not there is told by the published reason`(
        parent: String, backend: String, extra: String, accepted: String, resolved: String
    ) throws {
        var world = World(Self.service("cart") + Self.service("v2") + Self.route(parent, backend, extra: extra))
        let status = try #require(world.changes().statuses[Self.reference(.httpRoute, "split")] ?? nil)
        let conditions = try #require(status.parents.first).conditions
        #expect(conditions.prefix(2).map(\.reason) == [accepted, resolved])
    }

    @Test func `a reference into another namespace is good once it is granted`() throws {
        let there = Self.service("v2").replacing("namespace: shop", with: "namespace: other")
        let grant = """
            ---
            apiVersion: gateway.networking.k8s.io/v1beta1
            kind: ReferenceGrant
            metadata: {name: g, namespace: other}
            spec:
              from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop}]
              to: [{group: "", kind: Service}]

            """
        var world = World(Self.service("cart") + there + Self.route("cart", "v2", extra: ", namespace: other") + grant)
        let status = try #require(world.changes().statuses[Self.reference(.httpRoute, "split")] ?? nil)
        #expect(status.parents.first?.conditions[1].status == .isTrue)
    }

    @Test func `a waypoint is made and told of, follows its pod, and goes with its Gateway`() throws {
        var world = World(Self.gateway)
        var changes = world.changes()
        #expect(Set(changes.objects.keys.map(\.kind)) == [.serviceAccount, .deployment, .service])
        let reference = Self.reference(.gateway, "way")
        #expect((changes.statuses[reference] ?? nil)?.conditions[1].reason == "AddressNotAssigned")

        let ready = pod("way-1").replacing(
            "labels: {app: way-1, tier: back}", with: "labels: {gateway.networking.k8s.io/gateway-name: way}")
        world.change(to: Self.gateway + ready)
        changes = world.changes()
        #expect((changes.statuses[reference] ?? nil)?.conditions[1].status == .isTrue && changes.objects.isEmpty)
        world.change(to: Self.gateway)
        #expect((world.changes().statuses[reference] ?? nil)?.conditions[1].status == .isFalse)

        world.change(to: Self.service("cart"))
        changes = world.changes()
        #expect(changes.objects.count == 3 && changes.objects.values.allSatisfy { $0 == nil })
        #expect(changes.statuses.keys.contains(reference) && (changes.statuses[reference] ?? nil) == nil)
    }

    @Test func `a bound Service is told Istio's condition and ours, anew when its waypoint comes`() throws {
        let bound = Self.service("cart", labels: "istio.io/use-waypoint: way")
        var world = World(bound)
        let reference = Self.reference(.service, "cart")
        let before = try #require(world.changes().statuses[reference] ?? nil)
        #expect(before.conditions.map(\.type) == ["istio.io/WaypointBound", "slipstream.io/Enforced"])
        #expect(before.conditions.map(\.reason) == ["WaypointIsNotReady", "WaypointIsNotReady"])
        world.change(to: bound + Self.gateway)
        let after = try #require(world.changes().statuses[reference] ?? nil)
        #expect(after.conditions.map(\.reason) == ["WaypointAccepted", "ProxyAbsent"])
    }

    @Test func `nothing is told twice, and each proxy's word only where it counts`() throws {
        let text = pod("p") + policy("deny", spec: "action: DENY\nrules: [{}]")
        var world = World(text)
        let reference = Self.reference(.authorizationPolicy, "deny")
        #expect(world.changes().statuses.keys.contains(reference))
        world.book.mark(world.model.objects.keys)
        #expect(world.changes().isEmpty)

        var proxy = ProxyState(
            id: .init(name: "z", process: ""), role: .ztunnel, node: "node-1", isOurs: true, sessionStart: 1)
        world.proxies = [proxy]
        world.book.markCounting()
        let behind = try #require(world.changes().statuses[reference] ?? nil).conditions.last
        #expect(behind?.reason == "Pending" && behind?.message.hasPrefix("0/1 proxies") == true)
        proxy.acknowledged = WorldVersion(1)
        world.proxies = [proxy]
        world.book.markWaiting()
        let enforced = try #require(world.changes().statuses[reference] ?? nil).conditions.last
        #expect(enforced?.status == .isTrue && enforced?.message.hasPrefix("1/1 proxies") == true)
        // Who is in force waits for nobody.
        world.book.markWaiting()
        #expect(!world.book.isMarked)
    }

    @Test func `an object that cannot be read is told so, though it was never read`() throws {
        var world = World(Self.service("cart"))
        _ = world.changes()
        let reference = Self.reference(.authorizationPolicy, "broken")
        world.problems = [reference: "a.yaml:4: spec.action: expected DENY"]
        world.book.mark([reference])
        let status = try #require(world.changes().statuses[reference] ?? nil)
        #expect(status.conditions.map(\.reason) == ["Malformed"])
        #expect(status.conditions.first?.message.hasPrefix("a.yaml:4") == true)
        world.problems = [:]
        world.book.mark([reference])
        let gone = world.changes().statuses
        #expect(gone.keys.contains(reference) && (gone[reference] ?? nil) == nil)
    }

    @Test func `a status is a document that says which object it is of`() throws {
        var status = ObjectStatus(Self.reference(.authorizationPolicy, "deny"), uid: "u-1")
        status.conditions = [Condition("A", .isTrue, reason: "B", message: "c: \"d\"\n# e")]
        let text = YAMLEmitter.text(of: status.following(nil, at: Self.now).yaml)
        let document = try #require(YAMLParser.documents(in: text).first)
        var fields = try YAMLFields(document, path: "")
        #expect(try fields.string("kind") == "AuthorizationPolicy")
        let part = fields.take("status")
        var inner = try YAMLFields(try #require(part), path: "status")
        let messages = try inner.list("conditions") { (node, path) throws(DocumentFault) in
            var condition = try YAMLFields(node, path: path)
            return try condition.string("message")
        }
        #expect(messages == ["c: \"d\"\n# e"])
    }
}
