import Controller
import Mesh
import Testing

struct WorkloadTranslationTests {
    @Test func `a pod becomes a workload with its addresses, identity and place`() throws {
        let node = """
            ---
            apiVersion: v1
            kind: Node
            metadata:
              name: node-1
              labels: {topology.kubernetes.io/region: r, topology.kubernetes.io/zone: z, topology.istio.io/subzone: s}

            """
        let workload = try translation(node + pod("cart")).workload("cart")
        #expect(workload.uid == "Kubernetes//Pod/shop/cart" && workload.namespace == "shop")
        #expect(workload.addresses.map(\.description) == ["10.244.1.2"] && workload.node == "node-1")
        #expect(workload.identity.description == "spiffe://cluster.local/ns/shop/sa/cart")
        #expect(workload.locality == Locality(region: "r", zone: "z", subzone: "s"))
        #expect(workload.workloadType == .pod && workload.clusterID == "Kubernetes")
    }

    @Test func `all addresses of a pod count, and each once`() throws {
        let text = pod("a").replacing(
            "podIP: 10.244.1.2", with: "podIP: 10.244.1.2\n  podIPs: [{ip: 10.244.1.2}, {ip: 'fd00::2'}]")
        #expect(try translation(text).workload("a").addresses.map(\.description) == ["10.244.1.2", "fd00::2"])
    }

    @Test(arguments: [
        ("phase: Running", "phase: Succeeded"), ("phase: Running", "phase: Failed"), ("podIP: 10.244.1.2", "podIP: ''"),
    ])
    func `a pod that has ended, or has no address, is no workload`(part: String, replacement: String) {
        #expect(translation(pod("a").replacing(part, with: replacement)).configuration.workloads.isEmpty)
    }

    @Test func `a pod that is pending with an address is a workload`() throws {
        let text = pod("a").replacing("phase: Running", with: "phase: Pending")
        #expect(try translation(text).workload("a").status == .healthy)
    }

    @Test(arguments: [
        ("status: \"True\"", "status: \"False\""), ("type: Ready", "type: Initialized"),
        ("name: a\n", "name: a\n  deletionTimestamp: 2026-01-01T00:00:00Z\n"),
    ])
    func `a pod that is not ready, or is going away, is unhealthy`(part: String, replacement: String) throws {
        #expect(try translation(pod("a").replacing(part, with: replacement)).workload("a").status == .unhealthy)
    }

    @Test(arguments: [
        ("enabled", "", Workload.TunnelProtocol.hbone, false), ("pending", "", .tcp, false),
        ("enabled", "networking.istio.io/tunnel: http", .hbone, true),
        ("x", "networking.istio.io/tunnel: http", .hbone, true),
    ])
    func `the node's word that a pod is captured makes it reachable by HBONE`(
        redirection: String, label: String, expected: Workload.TunnelProtocol, isNative: Bool
    ) throws {
        let text = pod("a").replacing("redirection: enabled", with: "redirection: \(redirection)")
            .replacing("tier: back", with: label.isEmpty ? "tier: back" : label)
        let workload = try translation(text).workload("a")
        #expect(workload.tunnelProtocol == expected && workload.nativeTunnel == isNative)
    }

    @Test func `a pod that only wishes to be in the mesh is reached in the clear`() throws {
        let text = pod("a").replacing("annotations: {ambient.istio.io/redirection: enabled}", with: "annotations: {}")
            .replacing("tier: back", with: "istio.io/dataplane-mode: ambient")
        #expect(try translation(text).workload("a").tunnelProtocol == .tcp)
    }

    @Test func `a pod in its node's network is marked so and never captured`() throws {
        let workload = try translation(pod("a").replacing("spec:\n", with: "spec:\n  hostNetwork: true\n")).workload(
            "a")
        #expect(workload.networkMode == .hostNetwork && workload.tunnelProtocol == .tcp)
    }

    @Test(arguments: [
        ("kind: ReplicaSet, name: cart-7d9f", "cart-7d9f-x2x", "7d9f", "cart"),
        ("kind: ReplicaSet, name: cart-7d9f", "cart-7d9f-x2x", "other", "cart-7d9f"),
        ("kind: StatefulSet, name: db", "db-0", "", "db"), ("kind: Job, name: report-28012345", "r", "", "report"),
        ("kind: Job, name: report-1", "r", "", "report-1"),
        ("kind: Deployment, name: cart", "cart-abc-de", "abc", "cart"),
    ])
    func `the workload's name is its owner's`(owner: String, name: String, hash: String, expected: String) throws {
        let text = pod(name, app: "a").replacing("app: a,", with: "pod-template-hash: '\(hash)',")
            .replacing(
                "  annotations:",
                with: "  ownerReferences: [{apiVersion: apps/v1, \(owner), controller: true}]\n  annotations:")
        let workload = try translation(text).workload(name)
        #expect(workload.workloadName == expected && workload.canonicalName == expected)
        #expect(workload.canonicalRevision == "latest")
    }

    @Test func `without an owner the generated part of the name is left out`() throws {
        let text = pod("cart-7d9f-x2x", app: "a").replacing("app: a,", with: "pod-template-hash: 7d9f,")
            .replacing("  annotations:", with: "  generateName: cart-7d9f-\n  annotations:")
        #expect(try translation(text).workload("cart-7d9f-x2x").workloadName == "cart")
        #expect(try translation(pod("solo")).workload("solo").workloadName == "solo")
    }

    @Test(arguments: [
        ("app: a", "a", "latest"), ("app: a, version: v2", "a", "v2"),
        ("app: a, app.kubernetes.io/name: b, app.kubernetes.io/version: v3, version: v2", "b", "v3"),
        (
            "app: a, app.kubernetes.io/name: b, service.istio.io/canonical-name: c, service.istio.io/canonical-revision: v4, version: v2",
            "c", "v4"
        ),
    ])
    func `canonical name and revision come from labels, the most particular first`(
        labels: String, name: String, revision: String
    ) throws {
        let workload = try translation(pod("p", app: "a").replacing("app: a", with: labels)).workload("p")
        #expect(workload.canonicalName == name && workload.canonicalRevision == revision)
    }

    private static let service = """
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: cart, namespace: shop}
        spec:
          selector: {app: cart}
          ports:
          - {name: a, port: 80, targetPort: http}
          - {name: b, port: 81, targetPort: 9090}
          - {name: c, port: 82}
          - {name: d, port: 53, protocol: UDP}
          - {name: e, port: 83, targetPort: missing}
          - {name: f, port: 84, targetPort: dns}

        """
    private static let cart = NamespacedName(namespace: "shop", name: "cart.shop.svc.cluster.local")

    @Test func `a pod is an endpoint of the services that select it, by number or by its own name of the port`() throws
    {
        let translation = translation(Self.service + pod("cart") + pod("other", address: "10.244.1.3"))
        #expect(try translation.workload("cart").services == [Self.cart: [80: 8080, 81: 9090, 82: 82]])
        #expect(try translation.workload("other").services.isEmpty)
    }

    @Test func `a service selects nothing in other namespaces`() throws {
        let elsewhere = Self.service.replacing("namespace: shop", with: "namespace: other")
        #expect(try translation(elsewhere + pod("cart")).workload("cart").services.isEmpty)
    }

    @Test func `a named port is found in init containers that stay, not in others`() throws {
        let containers = "  initContainers:\n  - {name: i, ports: [{name: missing, containerPort: 7070}]}\n"
        let text = pod("cart").replacing("  containers:\n", with: containers + "  containers:\n")
        #expect(try translation(Self.service + text).workload("cart").services[Self.cart]?[83] == nil)
        let staying = text.replacing("{name: i,", with: "{name: i, restartPolicy: Always,")
        #expect(try translation(Self.service + staying).workload("cart").services[Self.cart]?[83] == 7070)
    }

    private static let slice = """
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: db-1, namespace: shop, labels: {kubernetes.io/service-name: db}}
        addressType: IPv4
        endpoints:
        - addresses: [10.244.1.2]
          targetRef: {kind: Pod, name: cart, namespace: shop}
        - addresses: [192.168.0.7]
          conditions: {ready: false}
        - addresses: [192.168.0.8]
        ports: [{name: sql, port: 5432}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: db, namespace: shop}
        spec: {ports: [{name: sql, port: 80, targetPort: 1}]}

        """
    private static let database = NamespacedName(namespace: "shop", name: "db.shop.svc.cluster.local")

    @Test func `a service without a selector has the pods that its slices name`() throws {
        let workload = try translation(Self.slice + pod("cart")).workload("cart")
        #expect(workload.services == [Self.database: [80: 5432]])
    }

    @Test func `an address of a slice that is no pod is a workload without a unique address`() throws {
        let workloads = translation(Self.slice + pod("cart")).configuration.workloads.filter { $0.name == "db-1" }
        #expect(
            workloads.map(\.uid)
                == ["192.168.0.7", "192.168.0.8"].map { "Kubernetes/discovery.k8s.io/EndpointSlice/shop/db-1/\($0)" })
        #expect(workloads.map(\.status) == [.unhealthy, .healthy])
        #expect(workloads.allSatisfy { $0.networkMode == .hostNetwork && $0.services == [Self.database: [80: 5432]] })
    }

    @Test func `slices of a service with a selector add nothing to the pods it selects`() throws {
        let text = Self.slice.replacing("spec: {ports", with: "spec: {selector: {app: none}, ports")
        #expect(try translation(text + pod("cart")).workload("cart").services.isEmpty)
    }

    @Test func `another trust domain, cluster, network and cluster domain show in every workload`() throws {
        var settings = MeshSettings()
        settings.trustDomain = "td"
        settings.clusterID = "c1"
        settings.network = "n1"
        settings.clusterDomain = "example"
        let translation = translation(Self.service + pod("cart"), settings: settings)
        let workload = try translation.workload("cart")
        #expect(workload.uid == "c1//Pod/shop/cart" && workload.clusterID == "c1" && workload.network == "n1")
        #expect(workload.identity.description == "spiffe://td/ns/shop/sa/cart")
        #expect(workload.services.keys.map(\.name) == ["cart.shop.svc.example"])
    }

    @Test func `resources come in the order of their keys`() {
        let text = ["c", "a", "b"].enumerated().map { pod($1, address: "10.0.0.\($0)") }.joined()
        #expect(translation(text).configuration.workloads.map(\.name) == ["a", "b", "c"])
    }
}

struct EnrolmentTests {
    @Test(arguments: [
        ("", "ambient", "", true), ("", "", "", false), ("ambient", "", "", true), ("none", "ambient", "", false),
        ("other", "ambient", "", true), ("ambient", "ambient", "hostNetwork", false),
        ("ambient", "ambient", "sidecar", false),
    ])
    func `a pod's label beats its namespace's, and some are never captured`(
        own: String, namespace: String, obstacle: String, isWanted: Bool
    ) {
        var metadata = Kubernetes.ObjectMeta(name: "a", namespace: "shop")
        if !own.isEmpty { metadata.labels["istio.io/dataplane-mode"] = own }
        if obstacle == "sidecar" { metadata.annotations["sidecar.istio.io/status"] = "{}" }
        var spec = Kubernetes.PodSpec(containers: [])
        spec.hostNetwork = obstacle == "hostNetwork"
        var home = Kubernetes.Namespace(metadata: .init(name: "shop"))
        if !namespace.isEmpty { home.metadata.labels["istio.io/dataplane-mode"] = namespace }
        let pod = Kubernetes.Pod(metadata: metadata, spec: spec)
        #expect(Enrolment.isWanted(for: pod, in: home) == isWanted)
    }
}
