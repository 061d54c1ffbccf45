import Mesh

typealias Rule = AuthorizationPolicy.Rule
typealias Clause = AuthorizationPolicy.Clause
typealias Match = AuthorizationPolicy.Match

/// Short ways to write policies in tests.
extension AuthorizationPolicy {
    static func allow(_ name: String, _ rules: [Rule], scope: Scope = .workloadSelector) -> Self {
        AuthorizationPolicy(name: name, namespace: "shop", scope: scope, action: .allow, rules: rules)
    }

    static func deny(_ name: String, _ rules: [Rule], scope: Scope = .workloadSelector) -> Self {
        AuthorizationPolicy(name: name, namespace: "shop", scope: scope, action: .deny, rules: rules)
    }

    var inDryRun: Self {
        var copy = self
        copy.isDryRun = true
        return copy
    }
}

extension Rule {
    /// One clause of one match.
    init(_ fill: (inout Match) -> Void) {
        self.init(clauses: [Clause(matches: [Match(fill)])])
    }

    static let everything = Rule(clauses: [])
    static let nothing = Rule(clauses: [Clause(matches: [Match()])])
}

extension Match {
    init(_ fill: (inout Match) -> Void) {
        self.init()
        fill(&self)
    }
}

extension EffectivePolicies {
    init(_ policies: AuthorizationPolicy..., missing: [NamespacedName] = []) {
        self.init(sets: [PolicySet(policies)], missing: missing)
    }
}

extension ConnectionAttributes {
    /// From the shop's frontend to port 8080 of 10.0.0.2.
    static let frontend = ConnectionAttributes(
        source: IPAddress("10.0.0.1")!, sourceIdentity: .frontend, destination: SocketAddress("10.0.0.2:8080")!)
    static let plaintext = ConnectionAttributes(
        source: IPAddress("10.0.0.1")!, sourceIdentity: nil, destination: SocketAddress("10.0.0.2:8080")!)
}

extension SPIFFEIdentity {
    static let frontend = SPIFFEIdentity(trustDomain: "cluster.local", namespace: "shop", serviceAccount: "frontend")
}
