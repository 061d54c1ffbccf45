import Controller
import Foundation
import Mesh
import Testing

/// What is said of pods, services, namespaces and policies to those who ask.
struct DescriptionTests {
    private static let shop = namespace("shop", labels: "istio.io/dataplane-mode: ambient")
    private static let cart = ObjectReference(kind: .pod, namespace: "shop", name: "cart")

    static func namespace(_ name: String, labels: String = "") -> String {
        "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: \(name), labels: {\(labels)}}\n"
    }

    static func view(
        _ text: String, proxies: [ProxyState] = [], version: UInt64 = 7, problems: [ManifestDiagnostic] = [],
        isListed: Bool = true
    ) -> MeshView {
        let settings = MeshSettings()
        var translation = LiveTranslation(settings: settings)
        let changes = objects(text).map { MeshModel.Change.upsert($0) }
        _ = translation.apply(changes)
        var ledger = EnforcementLedger(settings: settings)
        ledger.apply(changes, in: translation.model, at: WorldVersion(version))
        let (model, written) = (translation.model, ledger)
        let census = ProxyCensus(proxies, in: model, now: .init(secondsSinceEpoch: 1_800_000_000))
        return MeshView(
            translation: translation, settings: settings, version: WorldVersion(version), isListed: isListed,
            proxies: proxies, problems: problems
        ) { written.verdict(on: $0, in: model, census) }
    }

    static func proxy(_ node: String = "node-1", at world: UInt64 = 7, rejects: [ResourceReference: String] = [:])
        -> ProxyState
    {
        var proxy = ProxyState(
            id: .init(name: "slipstream-system/ztunnel-\(node)", process: "p"), role: .ztunnel, node: node,
            isOurs: true,
            sessionStart: 1)
        proxy.acknowledged = WorldVersion(world)
        proxy.rejections = rejects
        proxy.version = "0.1.0"
        return proxy
    }

    private func cart(_ text: String, proxies: [ProxyState] = [Self.proxy()]) throws -> PodDescription {
        let description = try #require(Self.view(text, proxies: proxies).describe(Self.cart))
        guard case .pod(let pod) = description else { throw Unexpected() }
        return pod
    }

    private struct Unexpected: Error {}

    private static func uncaptured(
        _ labels: String = "", extra: String = "", spec: String = "", phase: String = "Running"
    )
        -> String
    {
        """
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: cart, namespace: shop, labels: {\(labels)}, annotations: {\(extra)}}
        spec: {nodeName: node-1, containers: [{name: main}]\(spec)}
        status: {phase: \(phase), podIP: 10.244.1.2, conditions: [{type: Ready, status: "True"}]}

        """
    }

    // MARK: Enrolment

    @Test func `a pod in the mesh is told with who wants it so, its identity and its proxy`() throws {
        let found = try cart(Self.shop + pod("cart"))
        #expect(found.enrolment.state == .enrolled && found.enrolment.obstacles.isEmpty)
        #expect(found.enrolment.reason == "namespace shop has the label istio.io/dataplane-mode=ambient")
        #expect(found.identity == "spiffe://cluster.local/ns/shop/sa/cart")
        #expect(found.proxies.map(\.name) == ["slipstream-system/ztunnel-node-1"])
    }

    @Test(arguments: [
        (
            namespace("shop"), uncaptured(),
            "neither it nor namespace shop has the label istio.io/dataplane-mode=ambient"
        ),
        ("", uncaptured(), "there is no Namespace shop, and it has no label istio.io/dataplane-mode=ambient itself"),
        (shop, uncaptured("istio.io/dataplane-mode: none"), "it has the label istio.io/dataplane-mode=none"),
        (
            namespace("shop", labels: "istio.io/dataplane-mode: none"), uncaptured(),
            "namespace shop has the label istio.io/dataplane-mode=none"
        ),
        (
            shop, uncaptured(spec: ", hostNetwork: true"),
            "it is in its node's network (hostNetwork), which is never captured"
        ),
        (
            shop, uncaptured(extra: "sidecar.istio.io/status: x"),
            "it has a sidecar (annotation sidecar.istio.io/status)"
        ),
        (shop, uncaptured(phase: "Succeeded"), "it has ended (Succeeded)"),
    ])
    func `a pod outside the mesh is told with the reason`(namespace: String, pod: String, reason: String) throws {
        let enrolment = try cart(namespace + pod).enrolment
        #expect(enrolment.state == .outside && enrolment.reason == reason && enrolment.obstacles.isEmpty)
    }

    @Test func `a pod that is wanted waits for its node's agent, and one that is not any longer too`() throws {
        let pending = try cart(Self.shop + Self.uncaptured()).enrolment
        #expect(pending.state == .pending && pending.obstacles.first?.contains("node-1 has not redirected") == true)
        let own = try cart(Self.uncaptured("istio.io/dataplane-mode: ambient")).enrolment
        #expect(own.state == .pending && own.reason == "it has the label istio.io/dataplane-mode=ambient")
        let leaving = try cart(Self.namespace("shop") + pod("cart")).enrolment
        #expect(leaving.state == .leaving && leaving.obstacles.count == 1)
    }

    @Test func `a proxy that is not as it should be is told at each of its pods`() throws {
        let text = Self.shop + pod("cart")
        #expect(try cart(text, proxies: []).enrolment.obstacles == ["no proxy of node-1 is known to the controller"])
        var gone = Self.proxy()
        gone.link = .disconnected(since: .init(secondsSinceEpoch: 0))
        #expect(
            try cart(text, proxies: [gone]).enrolment.obstacles
                == ["proxy slipstream-system/ztunnel-node-1 is disconnected since 1970-01-01T00:00:00Z"])
        let behind = try cart(text, proxies: [Self.proxy(at: 3)]).enrolment.obstacles
        #expect(behind == ["proxy slipstream-system/ztunnel-node-1 has acknowledged change 3 of 7"])
        let rejecting = Self.proxy(rejects: [.workload("Kubernetes//Pod/shop/cart"): "no such field"])
        #expect(try cart(text, proxies: [rejecting]).enrolment.obstacles.first?.hasSuffix("no such field") == true)
    }

    // MARK: Policies

    @Test func `policies stand in the order in which they decide, as the proxy has them`() throws {
        let found = try cart(
            Self.shop + pod("cart")
                + policy("z-allow-mesh", namespace: "slipstream-system", spec: "rules: [{}]")
                + policy("deny-cart", spec: "action: DENY\nselector: {matchLabels: {app: cart}}\nrules: [{}]")
                + policy("allow-cart", spec: "selector: {matchLabels: {app: cart}}\nrules: [{}, {}]")
                + policy("deny-shop", spec: "action: DENY\nrules: [{}]")
                + policy("of-another", spec: "selector: {matchLabels: {app: web}}")
                + policy("elsewhere", namespace: "other", spec: "action: DENY\nrules: [{}]")
                + policy("strict", kind: "PeerAuthentication", spec: "mtls: {mode: STRICT}"))
        #expect(
            found.policies.map { "\($0.action) \($0.object) \($0.scope)" } == [
                "DENY AuthorizationPolicy shop/deny-shop namespace",
                "DENY AuthorizationPolicy shop/deny-cart workload",
                "DENY PeerAuthentication shop/strict workload",
                "ALLOW AuthorizationPolicy slipstream-system/z-allow-mesh mesh",
                "ALLOW AuthorizationPolicy shop/allow-cart workload",
            ])
        #expect(found.policies.last?.rules == 2)
        #expect(found.policies.allSatisfy { $0.enforcement?.enforced == true })
    }

    @Test func `a policy that says more than a node proxy can decide is told with that`() throws {
        let found = try cart(
            Self.shop + pod("cart") + policy("paths", spec: "rules: [{to: [{operation: {paths: [/a]}}]}]"))
        #expect(found.policies.first?.remarks.first?.field == "spec.rules[0]")
    }

    @Test(arguments: [
        ("", "PERMISSIVE", ""),
        (
            policy("mesh", kind: "PeerAuthentication", namespace: "slipstream-system", spec: "mtls: {mode: STRICT}"),
            "STRICT",
            "PeerAuthentication slipstream-system/mesh"
        ),
        (
            policy("mesh", kind: "PeerAuthentication", namespace: "slipstream-system", spec: "mtls: {mode: STRICT}")
                + policy("all", kind: "PeerAuthentication", spec: "mtls: {mode: PERMISSIVE}"), "PERMISSIVE",
            "PeerAuthentication shop/all"
        ),
        (
            policy("all", kind: "PeerAuthentication", spec: "mtls: {mode: STRICT}")
                + policy(
                    "own", kind: "PeerAuthentication", spec: "selector: {matchLabels: {app: cart}}\nmtls: {mode: UNSET}"
                ),
            "STRICT", "PeerAuthentication shop/all"
        ),
    ])
    func `the mode that holds is told with who says so`(text: String, mode: String, origin: String) throws {
        let found = try cart(Self.shop + pod("cart") + text).authentication
        #expect(found.mode == mode && found.origin == origin)
    }

    @Test func `modes of single ports are told beside it`() throws {
        let own = policy(
            "own", kind: "PeerAuthentication",
            spec:
                "selector: {matchLabels: {app: cart}}\nmtls: {mode: STRICT}\nportLevelMtls: {8080: {mode: PERMISSIVE}}")
        let found = try cart(Self.shop + pod("cart") + own)
        #expect(found.authentication.ports == ["8080": "PERMISSIVE"])
        #expect(found.policies.map(\.object) == ["PeerAuthentication shop/own"])
    }

    @Test func `a policy is told with whom it is for, its rules in words and where it is in force`() throws {
        let text =
            Self.shop + pod("cart") + pod("web", address: "10.244.1.3")
            + policy(
                "p",
                spec: """
                    selector: {matchLabels: {app: cart}}
                    rules:
                    - from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}, {source: {namespaces: [shop]}}]
                      to: [{operation: {ports: ["8080"]}}]
                    - {}
                    """)
        let reference = ObjectReference(kind: .authorizationPolicy, namespace: "shop", name: "p")
        guard case .policy(let found)? = Self.view(text, proxies: [Self.proxy(at: 3)]).describe(reference) else {
            throw Unexpected()
        }
        #expect(found.action == "ALLOW" && found.target == "pods of namespace shop with app=cart")
        #expect(found.pods == ["shop/cart"])
        #expect(
            found.rules == [
                "from principals cluster.local/ns/shop/sa/web or from namespaces shop; to ports 8080",
                "every connection",
            ])
        #expect(found.enforcement?.total == 1 && found.enforcement?.enforcing == 0)
        #expect(found.enforcement?.laggards.first?.reason == "has not acknowledged it yet")
        #expect(found.conditions.map(\.status) == ["True"])
    }

    // MARK: Services, namespaces, waypoints

    private static let service = """
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: cart, namespace: shop, labels: {LABELS}}
        spec: {clusterIP: 10.96.0.7, selector: {app: cart}, ports: [{name: http, port: 80, targetPort: http}]}

        """

    private static let waypoint = """
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: way, namespace: shop}
        spec: {gatewayClassName: slipstream-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}

        """

    private static let waypointPod = pod("way-1", address: "10.244.1.9")
        .replacing("labels: {", with: "labels: {gateway.networking.k8s.io/gateway-name: way, ")

    private func service(_ text: String) throws -> ServiceDescription {
        let reference = ObjectReference(kind: .service, namespace: "shop", name: "cart")
        guard case .service(let found)? = Self.view(text, proxies: [Self.proxy()]).describe(reference) else {
            throw Unexpected()
        }
        return found
    }

    @Test func `a service is told with its addresses, ports and the health of its endpoints`() throws {
        let ill = pod("cart-2", app: "cart", address: "10.244.1.3").replacing("\"True\"", with: "\"False\"")
            .replacing("enabled", with: "disabled")
        let found = try service(Self.shop + Self.service.replacing("LABELS", with: "") + pod("cart") + ill)
        #expect(found.addresses == ["10.96.0.7"] && found.hostname == "cart.shop.svc.cluster.local")
        #expect(found.ports.map { "\($0.port) \($0.name) \($0.target) \($0.appProtocol)" } == ["80 http http http11"])
        #expect(found.endpoints.map(\.pod) == ["shop/cart", "shop/cart-2"])
        #expect(found.endpoints.map(\.healthy) == [true, false] && found.endpoints.map(\.inMesh) == [true, false])
        #expect(found.endpoints.first?.ports == ["80": 8080])
        #expect(found.waypoint == nil)
    }

    @Test func `a binding is told with who asked for it, and whether the waypoint is ready`() throws {
        let bound = Self.service.replacing("LABELS", with: "istio.io/use-waypoint: way")
        let missing = try #require(try service(Self.shop + bound).waypoint)
        #expect(missing.waypoint == "shop/way" && !missing.bound && missing.askedBy == "own label")
        #expect(missing.message.hasSuffix("connections are refused"))
        let starting = try #require(try service(Self.shop + bound + Self.waypoint).waypoint)
        #expect(starting.bound && !starting.ready)
        let label = "istio.io/use-waypoint: way"
        let inherited = Self.namespace("shop", labels: label) + Self.service.replacing("LABELS", with: "")
        let ready = try #require(try service(inherited + Self.waypoint + Self.waypointPod).waypoint)
        #expect(ready.bound && ready.ready && ready.askedBy == "label of namespace shop")
    }

    @Test func `a waypoint is told with its pods and whoever is bound to it`() throws {
        let text =
            Self.namespace("shop", labels: "istio.io/use-waypoint: way")
            + Self.service.replacing("LABELS", with: "") + Self.waypoint + Self.waypointPod
        let found = try #require(Self.view(text).waypoints(in: "shop").first)
        #expect(found.ready && found.owned && found.traffic == "service")
        #expect(found.pods.map(\.name) == ["way-1"])
        #expect(found.services == ["shop/cart"] && found.namespaces == ["shop"])
        #expect(Self.view(text).waypoints(in: "other").isEmpty && Self.view(text).waypoints(in: nil).count == 1)
    }

    @Test func `a namespace is told with each of its pods`() throws {
        let text = Self.shop + pod("web", address: "10.244.1.3") + Self.uncaptured()
        let reference = ObjectReference(kind: .namespace, namespace: "", name: "shop")
        guard case .namespace(let found)? = Self.view(text, proxies: [Self.proxy()]).describe(reference) else {
            throw Unexpected()
        }
        #expect(found.dataplaneMode == "ambient" && found.enrolledCount == 1)
        #expect(found.pods.map(\.name) == ["cart", "web"])
        #expect(found.pods.map(\.enrolment.state) == [.pending, .enrolled])
    }

    @Test func `of what is not there, and of kinds without a meaning, nothing is told`() {
        let view = Self.view(Self.shop)
        #expect(view.describe(Self.cart) == nil)
        #expect(view.names(of: .namespace, in: nil).map(\.name) == ["shop"])
    }

    @Test func `a description is read again as it was written`() throws {
        let view = Self.view(
            Self.shop + pod("cart") + Self.service.replacing("LABELS", with: "istio.io/use-waypoint: way")
                + Self.waypoint
                + policy("p", spec: "{}"), proxies: [Self.proxy()])
        let references = view.model.objects.keys.filter { ObjectDescription.kinds.contains($0.kind) }
        #expect(references.count == 5)
        for reference in references {
            let description = try #require(view.describe(reference))
            let data = try JSONEncoder().encode(description)
            #expect(try JSONDecoder().decode(ObjectDescription.self, from: data) == description)
            let fields = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
            #expect(fields["kind"] as? String == reference.kind.rawValue)
        }
    }
}

/// The mesh in one sentence.
struct MeshDescriptionTests {
    private static let world =
        DescriptionTests.namespace("shop", labels: "istio.io/dataplane-mode: ambient") + pod("cart")
        + pod("web", address: "10.244.2.2").replacing("node-1", with: "node-2") + policy("p", spec: "{}")

    private func mesh(
        _ text: String = world, _ proxies: [ProxyState] = [DescriptionTests.proxy(), DescriptionTests.proxy("node-2")],
        problems: [ManifestDiagnostic] = [], isListed: Bool = true
    ) -> MeshDescription {
        MeshDescription(DescriptionTests.view(text, proxies: proxies, problems: problems, isListed: isListed))
    }

    @Test func `a mesh that is as it should be is told in a sentence`() {
        let mesh = mesh()
        #expect(mesh.summary == "2 pods on 2 nodes in the mesh, all 2 proxies in sync, 1/1 policies enforced")
        #expect(mesh.healthy)
    }

    @Test func `a proxy that is behind is counted, and what it does not enforce`() {
        let mesh = mesh(Self.world, [DescriptionTests.proxy(), DescriptionTests.proxy("node-2", at: 3)])
        #expect(
            mesh.summary == "2 pods on 2 nodes in the mesh, only 1 of 2 proxies in sync, only 0/1 policies enforced")
        #expect(!mesh.healthy && mesh.notEnforced.map(\.object) == ["AuthorizationPolicy shop/p"])
    }

    @Test func `a node without a proxy, a pod that waits and a file that cannot be read are told`() {
        let waiting = pod("slow", address: "10.244.1.7").replacing("enabled", with: "pending")
        let problem = ManifestDiagnostic(.error, file: "a.yaml", line: 3, field: "spec", problem: "expected x")
        let mesh = mesh(Self.world + waiting, [DescriptionTests.proxy()], problems: [problem])
        #expect(
            mesh.summary == "2 pods on 2 nodes in the mesh, the only proxy is in sync, only 0/1 policies enforced, "
                + "1 node without a proxy, 1 pod not enrolled yet, 1 problem in manifests")
        #expect(mesh.nodesWithoutProxy == ["node-2"] && mesh.pods.pending == ["shop/slow"])
        #expect(mesh.problems.map(\.text) == ["a.yaml:3: spec: expected x"])
    }

    @Test func `a controller that has read nothing says so`() {
        #expect(!mesh(isListed: false).healthy)
        #expect(mesh(isListed: false).summary.hasPrefix("the controller has not read its source yet"))
        #expect(mesh("", []).summary == "no pod is in the mesh, no proxy is connected, no policies")
    }
}
