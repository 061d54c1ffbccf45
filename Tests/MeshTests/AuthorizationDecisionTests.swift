import Mesh
import Testing

struct AuthorizationOrderTests {
    @Test func `without policies everything is allowed`() {
        let decision = EffectivePolicies().decide(.frontend)
        #expect(decision.outcome == .unrestricted)
        #expect(decision.isAllowed && decision.policy == nil && decision.rule == nil)
    }

    @Test func `a DENY that holds denies, and says so`() {
        let decision = EffectivePolicies(.deny("no", [.nothing, .everything])).decide(.frontend)
        #expect(!decision.isAllowed)
        #expect(decision.reason == "explicitly denied by: shop/no")
        #expect(decision.policy == NamespacedName(namespace: "shop", name: "no") && decision.rule == 1)
    }

    @Test func `a DENY that does not hold leaves everything allowed`() {
        #expect(EffectivePolicies(.deny("no", [.nothing])).decide(.frontend).outcome == .unrestricted)
    }

    @Test func `an ALLOW that holds allows, and is named with its rule`() {
        let decision = EffectivePolicies(.allow("yes", [.nothing, .nothing, .everything])).decide(.frontend)
        #expect(decision.isAllowed && decision.rule == 2)
        #expect(decision.policy == NamespacedName(namespace: "shop", name: "yes"))
    }

    @Test func `where ALLOW policies exist one of them must allow`() {
        let decision = EffectivePolicies(.allow("a", [.nothing]), .allow("b", [.nothing])).decide(.frontend)
        #expect(!decision.isAllowed && decision.policy == nil)
        #expect(decision.reason == "allow policies exist, but none allowed")
    }

    @Test func `DENY beats ALLOW`() {
        let policies = EffectivePolicies(.allow("a", [.everything]), .deny("z", [.everything]))
        #expect(policies.decide(.frontend).reason == "explicitly denied by: shop/z")
    }

    @Test func `a policy that has not arrived denies everything`() {
        let missing = NamespacedName(namespace: "shop", name: "late")
        let policies = EffectivePolicies(.allow("a", [.everything]), missing: [missing])
        #expect(!policies.decide(.frontend).isAllowed)
        #expect(policies.decide(.frontend).reason == "policy shop/late has not arrived")
        #expect(policies.decide(.frontend).policy == missing)
    }

    @Test func `the first policy by key is the one that is told`() {
        let policies = EffectivePolicies(.deny("b", [.everything]), .deny("a", [.everything]))
        #expect(policies.decide(.frontend).policy?.name == "a")
    }

    @Test func `a DENY in dry-run is told and not enforced`() {
        let decision = EffectivePolicies(.deny("try", [.everything]).inDryRun).decide(.frontend)
        #expect(decision.outcome == .unrestricted)
        #expect(decision.dryRunDenial?.policy.name == "try")
    }

    @Test func `an ALLOW in dry-run restricts nothing, and its verdict is told`() {
        let refusing = EffectivePolicies(.allow("try", [.nothing]).inDryRun).decide(.frontend)
        #expect(refusing.outcome == .unrestricted && refusing.dryRunAllowance == .noneAllowed)
        let allowing = EffectivePolicies(.allow("try", [.everything]).inDryRun).decide(.frontend)
        #expect(allowing.dryRunAllowance == .allowed(by: RuleReference(policy: .init("shop/try")!, index: 0)))
    }

    @Test func `an ALLOW in dry-run does not stand in for one in force`() {
        let policies = EffectivePolicies(.allow("a", [.nothing]), .allow("try", [.everything]).inDryRun)
        #expect(policies.decide(.frontend).outcome == .noneAllowed)
    }

    @Test func `after a denial no ALLOW in dry-run is asked`() {
        let policies = EffectivePolicies(.deny("no", [.everything]), .allow("try", [.everything]).inDryRun)
        #expect(policies.decide(.frontend).dryRunAllowance == .notAsked)
    }
}

struct AuthorizationStructureTests {
    private func holds(_ rule: Rule, _ attributes: ConnectionAttributes = .frontend) -> Bool {
        let decision = EffectivePolicies(.allow("a", [rule])).decide(attributes)
        #expect(rule.holds(for: attributes) == decision.isAllowed, "the index and the rule disagree")
        return decision.isAllowed
    }

    @Test func `an ALLOW without rules denies all`() {
        #expect(!EffectivePolicies(.allow("a", [])).decide(.frontend).isAllowed)
    }

    @Test func `a DENY without rules denies nothing`() {
        #expect(EffectivePolicies(.deny("d", [])).decide(.frontend).isAllowed)
    }

    @Test func `a rule without clauses holds`() { #expect(holds(Rule(clauses: []))) }

    @Test func `a clause without matches holds`() { #expect(holds(Rule(clauses: [Clause(matches: [])]))) }

    @Test func `an all-empty match is skipped`() {
        #expect(!holds(Rule(clauses: [Clause(matches: [Match()])])))
        #expect(holds(Rule(clauses: [Clause(matches: [Match(), Match { $0.destinationPorts = [8080] }])])))
    }

    @Test func `all clauses of a rule must hold`() {
        let port = Clause(matches: [Match { $0.destinationPorts = [8080] }])
        let other = Clause(matches: [Match { $0.destinationPorts = [9090] }])
        #expect(holds(Rule(clauses: [port, port])))
        #expect(!holds(Rule(clauses: [port, other])))
        #expect(holds(Rule(clauses: [port, Clause(matches: [])])))
    }

    @Test func `one match of a clause must hold`() {
        let port = Match { $0.destinationPorts = [8080] }
        let other = Match { $0.destinationPorts = [9090] }
        #expect(holds(Rule(clauses: [Clause(matches: [other, port])])))
        #expect(!holds(Rule(clauses: [Clause(matches: [other, other])])))
    }

    @Test func `all fields of a match must hold`() {
        #expect(
            holds(
                Rule {
                    $0.destinationPorts = [8080]; $0.namespaces = [.exact("shop")]
                }))
        #expect(
            !holds(
                Rule {
                    $0.destinationPorts = [8080]; $0.namespaces = [.exact("bank")]
                }))
    }

    @Test func `one value of a field must hold`() {
        #expect(holds(Rule { $0.destinationPorts = [1, 8080] }))
        #expect(!holds(Rule { $0.destinationPorts = [1, 2] }))
    }

    @Test func `no value of a negative field may hold`() {
        #expect(holds(Rule { $0.notDestinationPorts = [1, 2] }))
        #expect(!holds(Rule { $0.notDestinationPorts = [1, 8080] }))
        #expect(
            !holds(
                Rule {
                    $0.destinationPorts = [8080]; $0.notDestinationPorts = [8080]
                }))
    }

    @Test(arguments: [
        ("10.0.0.0/24", true), ("10.0.0.1/32", true), ("10.0.1.0/24", false), ("0.0.0.0/0", true), ("::/0", false),
    ])
    func `a source is within a network`(network: String, isInside: Bool) throws {
        let network = try #require(IPPrefix(network))
        #expect(holds(Rule { $0.sourceIPs = [network] }) == isInside)
        #expect(holds(Rule { $0.notSourceIPs = [network] }) == !isInside)
    }

    @Test func `a destination is within a network`() {
        #expect(holds(Rule { $0.destinationIPs = [IPPrefix("10.0.0.2")!] }))
        #expect(!holds(Rule { $0.destinationIPs = [IPPrefix("10.0.0.1")!] }))
        #expect(!holds(Rule { $0.notDestinationIPs = [IPPrefix("10.0.0.0/8")!] }))
    }
}

struct AuthorizationIdentityTests {
    private func holds(_ attributes: ConnectionAttributes = .frontend, _ fill: (inout Match) -> Void) -> Bool {
        let rule = Rule(fill)
        let decision = EffectivePolicies(.allow("a", [rule])).decide(attributes)
        #expect(rule.holds(for: attributes) == decision.isAllowed, "the index and the rule disagree")
        return decision.isAllowed
    }

    @Test(
        arguments: [
            (.exact("cluster.local/ns/shop/sa/frontend"), true),
            (.exact("cluster.local/ns/shop/sa/frontend2"), false),
            (.exact("cluster.local/ns/shop/sa/fronten"), false),
            (.exact("spiffe://cluster.local/ns/shop/sa/frontend"), false),
            (.exact("other.domain/ns/shop/sa/frontend"), false),
            (.exact(""), false),
            (.prefix(""), true), (.prefix("cluster.local/"), true), (.prefix("cluster.local/ns/shop/sa/fr"), true),
            (.prefix("cluster.local/ns/shop/sa/frontend"), true),
            (.prefix("cluster.local/ns/shop/sa/frontend/"), false),
            (.prefix("spiffe://"), false), (.prefix("luster.local"), false), (.prefix("cluster.local/ns/sho/"), false),
            (.suffix(""), true), (.suffix("/sa/frontend"), true), (.suffix("shop/sa/frontend"), true),
            (.suffix("cluster.local/ns/shop/sa/frontend"), true),
            (.suffix("//cluster.local/ns/shop/sa/frontend"), false),
            (.suffix("op/sa/frontend"), true), (.suffix("/sa/fronten"), false), (.suffix("x/sa/frontend"), false),
            (.presence, true),
        ] as [(AuthorizationPolicy.StringMatch, Bool)])
    func `principals are compared without their scheme`(match: AuthorizationPolicy.StringMatch, isHeld: Bool) {
        #expect(holds { $0.principals = [match] } == isHeld)
        #expect(holds { $0.notPrincipals = [match] } == !isHeld)
    }

    @Test(arguments: [.exact(""), .prefix(""), .suffix(""), .presence] as [AuthorizationPolicy.StringMatch])
    func `without an identity no principal holds`(match: AuthorizationPolicy.StringMatch) {
        #expect(!holds(.plaintext) { $0.principals = [match] })
        #expect(holds(.plaintext) { $0.notPrincipals = [match] })
    }

    @Test func `a principal that must not be present means plaintext`() {
        let strict = EffectivePolicies(.deny("strict", [Rule { $0.notPrincipals = [.presence] }]))
        #expect(!strict.decide(.plaintext).isAllowed)
        #expect(strict.decide(.frontend).isAllowed)
    }

    @Test(
        arguments: [
            (.exact("shop"), true), (.exact("sho"), false), (.exact("shop2"), false), (.exact(""), false),
            (.prefix("sh"), true), (.prefix("shop"), true), (.prefix("shops"), false), (.prefix(""), true),
            (.suffix("op"), true), (.suffix("shop"), true), (.suffix("xshop"), false), (.presence, true),
        ] as [(AuthorizationPolicy.StringMatch, Bool)])
    func `namespaces are those of the identity`(match: AuthorizationPolicy.StringMatch, isHeld: Bool) {
        #expect(holds { $0.namespaces = [match] } == isHeld)
        #expect(holds { $0.notNamespaces = [match] } == !isHeld)
    }

    @Test(
        arguments: [
            (.exact("shop"), false), (.exact(""), true), (.prefix("s"), false), (.prefix(""), true), (.presence, false),
        ] as [(AuthorizationPolicy.StringMatch, Bool)])
    func `without an identity the namespace is empty`(match: AuthorizationPolicy.StringMatch, isHeld: Bool) {
        #expect(holds(.plaintext) { $0.namespaces = [match] } == isHeld)
        #expect(holds(.plaintext) { $0.notNamespaces = [match] } == !isHeld)
    }

    @Test func `service accounts are compared in any trust domain`() {
        var elsewhere = ConnectionAttributes.frontend
        elsewhere.sourceIdentity = SPIFFEIdentity(trustDomain: "b", namespace: "shop", serviceAccount: "frontend")
        for attributes in [ConnectionAttributes.frontend, elsewhere] {
            #expect(holds(attributes) { $0.serviceAccounts = [NamespacedName("shop/frontend")!] })
            #expect(!holds(attributes) { $0.serviceAccounts = [NamespacedName("shop/cart")!] })
            #expect(!holds(attributes) { $0.serviceAccounts = [NamespacedName("bank/frontend")!] })
            #expect(!holds(attributes) { $0.notServiceAccounts = [NamespacedName("shop/frontend")!] })
        }
        #expect(!holds(.plaintext) { $0.serviceAccounts = [NamespacedName("shop/frontend")!] })
        #expect(holds(.plaintext) { $0.notServiceAccounts = [NamespacedName("shop/frontend")!] })
    }
}

struct AuthorizationExplanationTests {
    @Test func `the nearest rule is the one of which the fewest fields fail`() throws {
        let policies = EffectivePolicies(
            .allow(
                "far",
                [
                    Rule {
                        $0.destinationPorts = [1]; $0.namespaces = [.exact("bank")]
                    }
                ]),
            .allow(
                "near",
                [
                    .nothing,
                    Rule {
                        $0.destinationPorts = [8080]; $0.principals = [.suffix("/sa/cart")]
                    },
                ]))
        let nearest = try #require(policies.explain(policies.decide(.frontend), of: .frontend))
        #expect(nearest.rule == RuleReference(policy: NamespacedName("shop/near")!, index: 1))
        #expect(
            nearest.description == "nearest rule shop/near#1 wants principals [*/sa/cart]"
                + " but found cluster.local/ns/shop/sa/frontend")
    }

    @Test func `plaintext is told that it has no identity`() throws {
        let policies = EffectivePolicies(.allow("a", [Rule { $0.namespaces = [.exact("shop")] }]))
        let nearest = try #require(policies.explain(policies.decide(.plaintext), of: .plaintext))
        #expect(nearest.failures.map(\.description) == ["namespaces [shop] but found no identity"])
    }

    @Test func `a denial by DENY has no nearest rule, nor has an ALLOW without rules`() {
        let denying = EffectivePolicies(.deny("no", [.everything]), .allow("a", [.nothing]))
        #expect(denying.explain(denying.decide(.frontend), of: .frontend) == nil)
        let empty = EffectivePolicies(.allow("a", []))
        #expect(empty.explain(empty.decide(.frontend), of: .frontend) == nil)
    }
}
