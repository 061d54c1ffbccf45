import Mesh
import Testing

/// Random policies and connections over few values, so that they meet often.
private struct World {
    var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func pick<Value>(_ values: [Value]) -> Value { values.randomElement(using: &random)! }

    mutating func list<Value>(_ make: (inout World) -> Value) -> [Value] {
        guard Int.random(in: 0..<4, using: &random) == 0 else { return [] }
        return (0..<Int.random(in: 1...3, using: &random)).map { _ in make(&self) }
    }

    mutating func identity() -> SPIFFEIdentity {
        SPIFFEIdentity(
            trustDomain: pick(["a", "b"]), namespace: pick(["shop", "bank"]), serviceAccount: pick(["x", "y", "z"]))
    }

    mutating func attributes() -> ConnectionAttributes {
        ConnectionAttributes(
            source: address(), sourceIdentity: pick([true, true, false]) ? identity() : nil,
            destination: SocketAddress(address(), pick([80, 81, 82])))
    }

    mutating func address() -> IPAddress {
        pick(["10.0.0.1", "10.0.1.1", "10.1.0.1", "fd00::1"].map { IPAddress($0)! })
    }

    mutating func network() -> IPPrefix {
        IPPrefix(address(), length: pick([0, 8, 16, 24, 32]))!
    }

    mutating func principal() -> AuthorizationPolicy.StringMatch {
        let text = identity().principal
        return pick([
            .exact(text), .exact(text), .exact("spiffe://" + text), .prefix(String(text.prefix(6))),
            .suffix(String(text.suffix(4))), .presence,
        ])
    }

    mutating func namespace() -> AuthorizationPolicy.StringMatch {
        pick([.exact("shop"), .exact("bank"), .exact(""), .prefix("s"), .suffix("k"), .presence])
    }

    mutating func match() -> Match {
        var match = Match()
        match.namespaces = list { $0.namespace() }
        match.notNamespaces = list { $0.namespace() }
        match.serviceAccounts = list {
            NamespacedName(namespace: $0.pick(["shop", "bank"]), name: $0.pick(["x", "y"]))
        }
        match.notServiceAccounts = list { _ in NamespacedName(namespace: "shop", name: "x") }
        match.principals = list { $0.principal() }
        match.notPrincipals = list { $0.principal() }
        match.sourceIPs = list { $0.network() }
        match.notSourceIPs = list { $0.network() }
        match.destinationIPs = list { $0.network() }
        match.destinationPorts = list { $0.pick([80, 81]) }
        match.notDestinationPorts = list { $0.pick([80, 81]) }
        return match
    }

    mutating func rule() -> Rule {
        Rule(
            clauses: (0..<Int.random(in: 0...2, using: &random)).map { _ in
                Clause(matches: (0..<Int.random(in: 0...3, using: &random)).map { _ in match() })
            })
    }

    mutating func policies() -> [AuthorizationPolicy] {
        (0..<Int.random(in: 0...8, using: &random)).map { index in
            var policy = AuthorizationPolicy(
                name: "p\(index)", namespace: "shop", scope: .namespace, action: pick([.allow, .deny]),
                rules: (0..<Int.random(in: 0...3, using: &random)).map { _ in rule() })
            policy.isDryRun = pick([true, false, false, false])
            return policy
        }
    }
}

/// The meaning of policies, said as simply as it can be.
private func plainDecision(
    _ policies: [AuthorizationPolicy], _ attributes: ConnectionAttributes
) -> AuthorizationDecision.Outcome {
    func firstRule(_ action: AuthorizationPolicy.Action) -> RuleReference? {
        for policy in policies where policy.action == action && !policy.isDryRun {
            if let index = policy.rules.firstIndex(where: { $0.holds(for: attributes) }) {
                return RuleReference(policy: policy.key, index: index)
            }
        }
        return nil
    }
    if let rule = firstRule(.deny) { return .denied(by: rule) }
    guard policies.contains(where: { $0.action == .allow && !$0.isDryRun }) else { return .unrestricted }
    return firstRule(.allow).map { .allowed(by: $0) } ?? .noneAllowed
}

struct AuthorizationPropertyTests {
    @Test(arguments: 0..<400 as Range<UInt64>)
    func `the index decides as reading every rule does`(seed: UInt64) {
        var world = World(seed: seed)
        let policies = world.policies()
        let effective = EffectivePolicies(sets: [PolicySet(policies)])
        for _ in 0..<20 {
            let attributes = world.attributes()
            #expect(effective.decide(attributes).outcome == plainDecision(policies, attributes))
        }
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `one more ALLOW never allows what a DENY forbids`(seed: UInt64) {
        var world = World(seed: seed)
        let policies = world.policies()
        let more = policies + [.allow("zz", [.everything])]
        for _ in 0..<20 {
            let attributes = world.attributes()
            let before = EffectivePolicies(sets: [PolicySet(policies)]).decide(attributes)
            guard case .denied = before.outcome else { continue }
            #expect(EffectivePolicies(sets: [PolicySet(more)]).decide(attributes).outcome == before.outcome)
        }
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `one more DENY never allows anything`(seed: UInt64) {
        var world = World(seed: seed)
        let policies = world.policies()
        let more = policies + [.deny("zz", [world.rule()])]
        for _ in 0..<20 {
            let attributes = world.attributes()
            guard !EffectivePolicies(sets: [PolicySet(policies)]).decide(attributes).isAllowed else { continue }
            #expect(!EffectivePolicies(sets: [PolicySet(more)]).decide(attributes).isAllowed)
        }
    }

    @Test(arguments: 0..<100 as Range<UInt64>)
    func `while a policy is missing nothing is allowed`(seed: UInt64) {
        var world = World(seed: seed)
        let missing = [NamespacedName(namespace: "shop", name: "late")]
        let effective = EffectivePolicies(sets: [PolicySet(world.policies())], missing: missing)
        for _ in 0..<20 { #expect(!effective.decide(world.attributes()).isAllowed) }
    }
}
