import Discovery
import Mesh
import Testing

struct StaticConfigurationTests {
    private static let example = """
        workloads:
        - uid: Kubernetes//Pod/shop/cart-1
          name: cart-1
          namespace: shop
          serviceAccount: cart
          workloadIps: [10.244.1.2, "fd00::2"]
          protocol: HBONE
          node: node-1
          network: ""
          workloadName: cart
          services:
            shop/cart.shop.svc.cluster.local:
              80: 8080
          authorizationPolicies: [shop/only-frontend]
          status: Unhealthy
        services:
        - name: cart
          namespace: shop
          hostname: cart.shop.svc.cluster.local
          vips: [/10.96.0.1, "other/10.96.0.2"]
          ports: {80: 8080, 443: 0}
          appProtocols: {80: http11}
          loadBalancer: {routingPreferences: [Network, Zone], mode: Failover, healthPolicy: AllowAll}
          canonical: true
        policies:
        - name: only-frontend
          namespace: shop
          scope: WorkloadSelector
          action: Allow
          rules:
          - - - principals: [{Exact: cluster.local/ns/shop/sa/frontend}, {Prefix: a/}, {Suffix: /b}, {Presence: []}]
                notSourceIps: [10.1.2.3/8, ::1]
              - destinationPorts: [8080]
            - - serviceAccounts: [{namespace: shop, serviceAccount: frontend}]
        """

    @Test func `every part of a file is read`() throws {
        let configuration = try StaticConfiguration.parse(Self.example, file: "mesh.yaml")
        let workload = try #require(configuration.workloads.first)
        #expect(workload.uid == "Kubernetes//Pod/shop/cart-1" && workload.tunnelProtocol == .hbone)
        #expect(workload.addresses.map(\.description) == ["10.244.1.2", "fd00::2"] && workload.status == .unhealthy)
        #expect(workload.identity.description == "spiffe://cluster.local/ns/shop/sa/cart")
        let cart = NamespacedName(namespace: "shop", name: "cart.shop.svc.cluster.local")
        #expect(workload.services == [cart: [80: 8080]])
        #expect(workload.authorizationPolicies == [NamespacedName(namespace: "shop", name: "only-frontend")])

        let service = try #require(configuration.services.first)
        #expect(service.key == cart && service.isCanonical)
        #expect(service.addresses.map(\.description) == ["/10.96.0.1", "other/10.96.0.2"])
        #expect(service.ports == [80: .init(target: 8080, appProtocol: .http11), 443: .init(target: 0)])
        #expect(service.loadBalancing.routingPreference == [.network, .zone])
        #expect(service.loadBalancing.mode == .failover && service.loadBalancing.healthPolicy == .allowAll)

        let policy = try #require(configuration.policies.first)
        #expect(policy.scope == .workloadSelector && policy.action == .allow)
        #expect(policy.rules.map(\.clauses.count) == [2] && policy.rules[0].clauses.map(\.matches.count) == [2, 1])
        let match = policy.rules[0].clauses[0].matches[0]
        #expect(
            match.principals == [
                .exact("cluster.local/ns/shop/sa/frontend"), .prefix("a/"), .suffix("/b"), .presence,
            ])
        #expect(match.notSourceIPs.map(\.description) == ["10.0.0.0/8", "::1/128"])
    }

    @Test func `a rendered configuration reads back as itself`() throws {
        let configuration = try StaticConfiguration.parse(Self.example, file: "mesh.yaml")
        let text = StaticConfiguration.render(configuration)
        #expect(try StaticConfiguration.parse(text, file: "mesh.yaml") == configuration)
        #expect(try StaticConfiguration.parse(StaticConfiguration.render(.init()), file: "") == MeshConfiguration())
    }

    @Test(arguments: 0..<200)
    func `any configuration reads back as itself`(seed: UInt64) throws {
        var random = DocumentGenerator(seed: seed)
        let configuration = MeshConfiguration.arbitrary(using: &random)
        let text = StaticConfiguration.render(configuration)
        #expect(try StaticConfiguration.parse(text, file: "mesh.yaml") == configuration, "\(text)")
    }

    @Test(arguments: 0..<20)
    func `the text does not depend on the order of the resources`(seed: UInt64) {
        var random = DocumentGenerator(seed: seed)
        let configuration = MeshConfiguration.arbitrary(using: &random)
        var shuffled = configuration
        shuffled.workloads.shuffle(using: &random)
        shuffled.services.shuffle(using: &random)
        shuffled.policies.shuffle(using: &random)
        #expect(StaticConfiguration.render(shuffled) == StaticConfiguration.render(configuration))
    }

    private static let workload = "workloads:\n- uid: a\n  name: a\n  namespace: b\n"
    private static let service = "services:\n- name: a\n  namespace: b\n  hostname: c\n"
    private static let policy = "policies:\n- {name: a, namespace: b, scope: Namespace, action: Deny, rules: [[[{\n"

    @Test(arguments: [
        (workload + "  workloadIp: [1.2.3.4]", "5: workloads[0].workloadIp", "is \"workloadIps\" meant?"),
        (workload + "  workloadIps: 1.2.3.4", "5: workloads[0].workloadIps", "expected a list"),
        (workload + "  workloadIps: [1.2.3]", "5: workloads[0].workloadIps[0]", "expected an IP address"),
        (workload + "  protocol: TLS", "5: workloads[0].protocol", "expected one of HBONE, TCP"),
        (workload + "  nativeTunnel: yes", "5: workloads[0].nativeTunnel", "expected true or false"),
        (workload + "  serviceAccount: 12", "5: workloads[0].serviceAccount", "put it in quotes"),
        (workload + "  serviceAccount: a/b", "2: workloads[0].serviceAccount", "SPIFFE ID"),
        (workload + "  capacity: -1", "5: workloads[0].capacity", "from 0 to 4294967295"),
        (workload + "  services: {c: {80: 80}}", "5: workloads[0].services[\"c\"]", "expected namespace/hostname"),
        (workload + "  services:\n    b/c:\n      80: 65536", "7: workloads[0].services[\"b/c\"][\"80\"]", "to 65535"),
        (workload + "  services: {b/c: {0: 80}}", "5: workloads[0].services[\"b/c\"][\"0\"]", "from 1 to 65535"),
        (workload + "  authorizationPolicies: [x]", "5: workloads[0].authorizationPolicies[0]", "namespace/name"),
        (workload + "  waypoint: {destination: x}", "5: workloads[0].waypoint.destination", "network/address or"),
        (workload + "- uid: a\n  name: c\n  namespace: b", "5: workloads[1].uid", "again, as on line 2"),
        ("workloads:\n- name: a", "2: workloads[0].uid", "not empty"), ("workloads: {}", "1: workloads", "a list"),
        ("workload: []", "1: workload", "is \"workloads\" meant?"), ("- a", "1: ", "expected a mapping"),
        ("", "1: ", "found nothing"), ("# nothing yet\n", "1: ", "found nothing"), ("a: b: c", "1: ", "another key"),
        ("workloads: []\n---\nworkloads: []", "3: ", "one document"),
        (service + "  vips: [10.0.0.1]", "5: services[0].vips[0]", "expected network/address"),
        (service + "  ports: {80: 70000}", "5: services[0].ports[\"80\"]", "from 0 to 65535"),
        (service + "  ports: {http: 80}", "5: services[0].ports[\"http\"]", "expected a port"),
        (service + "  appProtocols: {80: tcp}", "2: services[0].appProtocols", "that the service has"),
        (service + "  loadBalancer: {mode: Random}", "5: services[0].loadBalancer.mode", "Standard, Strict"),
        (service + "- {name: d, namespace: b, hostname: c}", "5: services[1].hostname", "again, as on line 2"),
        (policy + "principals: [x]}]]]}", "3: policies[0].rules[0][0][0].principals[0]", "Exact, Prefix"),
        (policy + "principals: [{}]}]]]}", "3: policies[0].rules[0][0][0].principals[0]", "found a mapping"),
        (policy + "principals: [{Exact: a, Prefix: b}]}]]]}", "3: policies[0].rules[0][0][0].principals[0]", "one of"),
        (policy + "principals: [{Regex: a}]}]]]}", "3: policies[0].rules[0][0][0].principals[0]", "found \"Regex\""),
        (policy + "sourceIps: [1.2.3.4/33]}]]]}", "3: policies[0].rules[0][0][0].sourceIps[0]", "address/length"),
        (policy + "destinationPorts: [0]}]]]}", "3: policies[0].rules[0][0][0].destinationPorts[0]", "from 1"),
        (policy + "hosts: [x]}]]]}", "3: policies[0].rules[0][0][0].hosts", "known field"),
        ("policies: [{name: a, namespace: b, scope: Namespace}]", "1: policies[0].action", "Allow, Deny"),
        ("policies: [{name: a, scope: Namespace, action: Deny}]", "1: policies[0].namespace", "not Global"),
    ])
    func `what is wrong is named by file, line, field and what was expected`(
        text: String, place: String, expected: String
    ) {
        #expect {
            try StaticConfiguration.parse(text, file: "mesh.yaml")
        } throws: { error in
            let description = "\(error)"
            let isRight = description.hasPrefix("mesh.yaml:" + place) && description.contains(expected)
            if !isRight { print(description) }
            return isRight
        }
    }

    @Test(arguments: 0..<100)
    func `no mutation of a file is read as something that does not read back`(seed: UInt64) throws {
        var random = DocumentGenerator(seed: seed)
        for _ in 0..<20 {
            let text = random.mutation(of: Self.example)
            guard let configuration = try? StaticConfiguration.parse(text, file: "") else { continue }
            let again = try StaticConfiguration.parse(StaticConfiguration.render(configuration), file: "")
            #expect(again == configuration, "\(text)")
        }
    }
}
