import Mesh

/// The policies of the scenarios.
extension AuthorizationPolicy {
    /// STRICT mutual TLS, as a PeerAuthentication becomes it: whoever has no identity is denied.
    static var strict: AuthorizationPolicy {
        var match = Match()
        match.notPrincipals = [.presence]
        return AuthorizationPolicy(
            name: "strict", namespace: "shop", scope: .namespace, action: .deny,
            rules: [Rule(clauses: [Clause(matches: [match])])])
    }

    /// Nobody may connect to whatever is in the namespace: a list of those who may, with nobody on it.
    static var refuseAll: AuthorizationPolicy {
        AuthorizationPolicy(name: "refuse-all", namespace: "shop", scope: .namespace, action: .allow, rules: [])
    }

    /// These pods may not connect to whatever is in their namespace.
    static func deny(_ pods: MeshPod...) -> AuthorizationPolicy {
        AuthorizationPolicy(
            name: "deny-known", namespace: "shop", scope: .namespace, action: .deny,
            rules: [Rule(clauses: [Clause(matches: [.from(pods)])])])
    }

    /// Whoever is not one of these pods may not connect.
    static func denyOthers(than pods: MeshPod...) -> AuthorizationPolicy {
        var match = Match()
        match.notPrincipals = Match.from(pods).principals
        return AuthorizationPolicy(
            name: "deny-others", namespace: "shop", scope: .workloadSelector, action: .deny,
            rules: [Rule(clauses: [Clause(matches: [match])])])
    }

    /// Only these pods may connect to whatever is in their namespace.
    static func allow(_ pods: MeshPod..., name: String = "allow-known") -> AuthorizationPolicy {
        AuthorizationPolicy(
            name: name, namespace: "shop", scope: .namespace, action: .allow,
            rules: [Rule(clauses: [Clause(matches: [.from(pods)])])])
    }
}

extension AuthorizationPolicy.Match {
    fileprivate static func from(_ pods: [MeshPod]) -> Self {
        var match = Self()
        match.principals = pods.map { .exact(String($0.identity.dropFirst("spiffe://".count))) }
        return match
    }
}

extension Service {
    /// A service of the namespace `shop` with one virtual address, whose port 80 is its endpoints' 7000.
    static func virtual(_ name: String, address: String) -> Service {
        var service = Service(name: name, namespace: "shop", hostname: "\(name).shop.svc.cluster.local")
        service.addresses = [NetworkAddress("/\(address)")].compactMap { $0 }
        service.ports = [80: Port(target: 7000)]
        service.isCanonical = true
        return service
    }
}
