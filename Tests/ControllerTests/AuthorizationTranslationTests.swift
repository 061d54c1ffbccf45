import Controller
import Mesh
import Testing

struct AuthorizationTranslationTests {
    private static let pods = pod("cart") + pod("catalog", address: "10.244.1.3")

    private static func rule(_ lines: String...) -> String {
        "rules:\n" + lines.map { "- \($0)" }.joined(separator: "\n")
    }

    @Test func `a policy without a selector is for its namespace, one in the root namespace for the mesh`() throws {
        let rule = Self.rule("from: [{source: {namespaces: [shop]}}]")
        let translation = translation(
            Self.pods + policy("a", spec: rule) + policy("b", namespace: "slipstream-system", spec: rule))
        #expect(try translation.policy("a").scope == .namespace)
        #expect(try translation.policy("b").scope == .global)
        #expect(try translation.workload("cart").authorizationPolicies.isEmpty)
        #expect(try translation.allows(at: "shop/cart", from: "shop/x"))
        #expect(try !translation.allows(at: "shop/cart", from: "other/x"))
    }

    @Test func `a policy with a selector is named by the workloads it selects, from the root namespace in all`() throws
    {
        let spec = "selector: {matchLabels: {app: cart}}\n" + Self.rule("from: [{source: {namespaces: [shop]}}]")
        let translation = translation(
            Self.pods + policy("a", spec: spec) + policy("b", namespace: "slipstream-system", spec: spec)
                + policy("c", namespace: "other", spec: spec))
        #expect(try translation.policy("a").scope == .workloadSelector)
        #expect(
            try translation.workload("cart").authorizationPolicies.map(\.description)
                == ["shop/a", "slipstream-system/b"])
        #expect(try translation.workload("catalog").authorizationPolicies.isEmpty)
    }

    @Test func `a policy without rules allows nothing`() throws {
        let translation = translation(Self.pods + policy("nothing", spec: "{}"))
        #expect(try translation.decision(at: "shop/cart", from: "shop/cart").outcome == .noneAllowed)
    }

    @Test func `an empty rule holds for all`() throws {
        let translation = translation(Self.pods + policy("all", spec: "rules: [{}]"))
        #expect(try translation.allows(at: "shop/cart", from: nil))
    }

    @Test(arguments: [
        ("principals: [cluster.local/ns/shop/sa/a]", "shop/a", true),
        ("principals: [cluster.local/ns/shop/sa/a]", "shop/b", false),
        ("principals: [spiffe://cluster.local/ns/shop/sa/a]", "shop/a", true),
        ("principals: ['*/sa/a']", "other/a", true),
        ("principals: ['cluster.local/ns/shop/*']", "shop/z", true), ("principals: ['*']", "shop/z", true),
        ("principals: ['*']", nil, false), ("notPrincipals: ['*']", nil, true), ("namespaces: [shop]", "shop/a", true),
        ("namespaces: ['s*']", "other/a", false), ("notNamespaces: [shop]", "other/a", true),
        ("serviceAccounts: [a]", "shop/a", true), ("serviceAccounts: [a]", "other/a", false),
        ("serviceAccounts: [other/a]", "other/a", true), ("notServiceAccounts: [a]", "shop/b", true),
        ("ipBlocks: [10.9.0.0/16]", nil, true), ("ipBlocks: [10.8.0.0/16]", nil, false),
        ("notIpBlocks: [10.9.9.9]", nil, false),
        ("trustDomains: [cluster.local]", "shop/a", true), ("trustDomains: [cluster]", "shop/a", false),
        ("notTrustDomains: [cluster.local]", "shop/a", false),
        ("namespaces: [shop], ipBlocks: [10.9.9.9]", "shop/a", true),
        ("namespaces: [shop], ipBlocks: [1.1.1.1]", "shop/a", false),
    ])
    func `a source is who it says`(source: String, caller: String?, isAllowed: Bool) throws {
        let translation = translation(
            Self.pods + policy("a", spec: Self.rule("from: [{source: {\(source)}}]")))
        #expect(try translation.allows(at: "shop/cart", from: caller) == isAllowed)
        #expect(translation.diagnostics.isEmpty)
    }

    @Test(arguments: [
        ("source.ip, values: [10.9.9.9]", true), ("source.namespace, values: [shop]", true),
        ("source.namespace, notValues: [shop]", false), ("source.principal, values: ['*/a']", true),
        ("destination.ip, values: [10.244.1.2/32]", true), ("destination.ip, notValues: [10.244.0.0/16]", false),
        ("destination.port, values: ['8080']", true), ("destination.port, notValues: ['8080']", false),
    ])
    func `a condition on a connection is decided`(condition: String, isAllowed: Bool) throws {
        let translation = translation(Self.pods + policy("a", spec: Self.rule("when: [{key: \(condition)}]")))
        #expect(try translation.allows(at: "shop/cart", from: "shop/a") == isAllowed)
        #expect(translation.diagnostics.isEmpty)
    }

    @Test func `sources are alternatives, and source, operation and conditions must all hold`() throws {
        let rule = """
            from: [{source: {namespaces: [x]}}, {source: {namespaces: [shop]}}]
              to: [{operation: {ports: ['80']}}, {operation: {ports: ['8080']}}]
              when: [{key: source.ip, values: [10.9.9.9]}, {key: source.principal, values: ['*/a']}]
            """
        let translation = translation(Self.pods + policy("a", spec: Self.rule(rule)))
        #expect(try translation.allows(at: "shop/cart", from: "shop/a"))
        #expect(try !translation.allows(at: "shop/cart", from: "shop/b"))
        #expect(try !translation.allows(at: "shop/cart", port: 81, from: "shop/a"))
        #expect(try !translation.allows(at: "shop/cart", from: "shop/a", source: "10.9.9.8"))
    }

    @Test func `a decision names the rule as its author counted it`() throws {
        let spec =
            "action: DENY\n"
            + Self.rule(
                "to: [{operation: {methods: [GET]}}]", "from: [{source: {namespaces: [x]}}]",
                "from: [{source: {namespaces: [shop]}}]")
        let decision = try translation(Self.pods + policy("a", spec: spec)).decision(at: "shop/cart", from: "shop/a")
        #expect(decision.rule == 2 && decision.policy?.description == "shop/a")
    }

    private static let requestParts = [
        "to: [{operation: {methods: [GET]}}]", "to: [{operation: {paths: [/x]}}]", "to: [{operation: {hosts: [x]}}]",
        "to: [{operation: {notPaths: [/x], ports: ['8080']}}]", "from: [{source: {requestPrincipals: ['*']}}]",
        "from: [{source: {namespaces: [shop], remoteIpBlocks: [10.9.9.9]}}]",
        "from: [{source: {namespaces: [shop]}}, {source: {notRequestPrincipals: ['*']}}]",
        "when: [{key: 'request.headers[x]', values: [z]}]", "when: [{key: experimental.x, notValues: [z]}]",
        "from: [{source: {principals: ['*'], trustDomains: [x]}}]", "from: [{source: {trustDomains: ['x*']}}]",
    ]

    @Test(arguments: requestParts)
    func `an ALLOW rule that asks for a request's parts allows nothing`(rule: String) throws {
        let translation = translation(
            Self.pods + policy("a", spec: Self.rule(rule, "from: [{source: {namespaces: [x]}}]")))
        #expect(try !translation.allows(at: "shop/cart", from: "shop/a"))
        #expect(try translation.decision(at: "shop/cart", from: "x/a").rule == 1)
        #expect(translation.diagnostics.map(\.field) == ["spec.rules[0]"])
        #expect(translation.diagnostics.allSatisfy { $0.severity == .warning })
    }

    @Test(arguments: [
        // Only parts of a request: no effect on connections.
        ("to: [{operation: {methods: [GET]}}]", true, true),
        ("when: [{key: 'request.headers[x]', values: [z]}]", true, true),
        // What is left denies.
        ("to: [{operation: {methods: [GET], ports: ['8080']}}]", false, true),
        ("from: [{source: {namespaces: [shop]}}]\n  to: [{operation: {methods: [GET]}}]", false, false),
        // An alternative that cannot be judged holds, when something else can be.
        (
            "from: [{source: {namespaces: [shop]}}]\n  to: [{operation: {methods: [GET]}}, {operation: {ports: ['80']}}]",
            false, false
        ),
        ("from: [{source: {namespaces: [shop]}}, {source: {requestPrincipals: ['*']}}]", false, false),
        (
            "from: [{source: {namespaces: [x]}}, {source: {requestPrincipals: ['*']}}]\n  to: [{operation: {methods: [GET]}}, {operation: {ports: ['8080']}}]",
            false, true
        ),
    ])
    func `a DENY rule denies whatever the rest of it matches`(rule: String, at8080: Bool, at81: Bool) throws {
        let translation = translation(Self.pods + policy("a", spec: "action: DENY\n" + Self.rule(rule)))
        #expect(try translation.allows(at: "shop/cart", from: "shop/a") == at8080)
        #expect(try translation.allows(at: "shop/cart", port: 81, from: "shop/a") == at81)
        #expect(translation.diagnostics.map(\.field) == ["spec.rules[0]"])
    }

    @Test(arguments: ["AUDIT", "CUSTOM"])
    func `an action that is not for connections is told and not sent`(action: String) throws {
        let spec =
            "selector: {matchLabels: {app: cart}}\naction: \(action)\n" + Self.rule("{}")
            + (action == "CUSTOM" ? "\nprovider: {name: x}" : "")
        let translation = translation(Self.pods + policy("a", spec: spec))
        #expect(translation.configuration.policies.allSatisfy { $0.name != "a" })
        #expect(try translation.workload("cart").authorizationPolicies.isEmpty)
        #expect(translation.diagnostics.map(\.field) == ["spec.action"])
    }

    @Test func `a policy that is attached to a waypoint is the waypoint's`() {
        let spec = "targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: w}]\n" + Self.rule("{}")
        let translation = translation(Self.pods + policy("a", spec: spec))
        #expect(translation.configuration.policies.allSatisfy { $0.name != "a" })
        #expect(translation.diagnostics.isEmpty)
    }

    @Test func `a dry run is told and not enforced`() throws {
        let spec = "action: DENY\n" + Self.rule("{}")
        let text = policy("a", extra: ", annotations: {istio.io/dry-run: 'true'}", spec: spec)
        let translation = translation(Self.pods + text)
        #expect(try translation.policy("a").isDryRun)
        #expect(try translation.allows(at: "shop/cart", from: nil))
    }

    /// As an API server delivers them, which does not look at the texts.
    private static func unreadable(
        _ action: Kubernetes.AuthorizationPolicy.Action, _ edit: (inout Kubernetes.AuthorizationPolicy.Rule) -> Void
    ) -> Translation {
        var object = Kubernetes.AuthorizationPolicy(metadata: .init(name: "a", namespace: "shop"))
        object.action = action
        var rule = Kubernetes.AuthorizationPolicy.Rule()
        edit(&rule)
        object.rules = [.init(), rule]
        return Translation(of: MeshModel(objects(pods) + [.authorizationPolicy(object)]))
    }

    private static let unreadableParts: [@Sendable (inout Kubernetes.AuthorizationPolicy.Rule) -> Void] = [
        { rule in
            var source = Kubernetes.AuthorizationPolicy.Source()
            source.ipBlocks = ["10.0.0.0/8", "10.0.0.0/99"]
            rule.from = [source]
        },
        { rule in
            var source = Kubernetes.AuthorizationPolicy.Source()
            source.notServiceAccounts = ["a/b/c"]
            rule.from = [source]
        },
        { rule in
            var operation = Kubernetes.AuthorizationPolicy.Operation()
            operation.notPorts = ["80x"]
            rule.to = [operation]
        },
        { rule in
            var condition = Kubernetes.AuthorizationPolicy.Condition(key: "destination.port")
            condition.notValues = ["0"]
            rule.when = [condition]
        },
    ]

    @Test(arguments: unreadableParts.indices)
    func `a policy with a part that cannot be read lets nobody in`(index: Int) throws {
        for action in [Kubernetes.AuthorizationPolicy.Action.allow, .deny] {
            let translation = Self.unreadable(action, Self.unreadableParts[index])
            #expect(try !translation.allows(at: "shop/cart", from: "shop/a"))
            #expect(translation.diagnostics.count == 1 && translation.diagnostics[0].severity == .error)
            #expect(translation.diagnostics[0].field.hasPrefix("spec.rules[1]."))
        }
    }
}
