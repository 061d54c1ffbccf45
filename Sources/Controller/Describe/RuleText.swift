extension Kubernetes.AuthorizationPolicy.Rule {
    /// `from principals …; to ports …; when …`; one without any part holds for all.
    var text: String {
        let sources = from.map { "from \(Self.text($0.parts))" }
        let operations = to.map { "to \(Self.text($0.parts))" }
        let conditions = when.map { "when \($0.key) \(Self.text([("in", $0.values), ("not in", $0.notValues)]))" }
        let parts = [sources, operations, conditions].filter { !$0.isEmpty }.map { $0.joined(separator: " or ") }
        return parts.isEmpty ? "every connection" : parts.joined(separator: "; ")
    }

    private static func text(_ parts: [(name: String, values: [String])]) -> String {
        parts.filter { !$0.values.isEmpty }.map { "\($0.name) \($0.values.joined(separator: ","))" }
            .joined(separator: " and ")
    }
}

extension Kubernetes.AuthorizationPolicy.Source {
    fileprivate var parts: [(name: String, values: [String])] {
        [
            ("principals", principals), ("not principals", notPrincipals), ("request principals", requestPrincipals),
            ("not request principals", notRequestPrincipals), ("namespaces", namespaces),
            ("not namespaces", notNamespaces), ("service accounts", serviceAccounts),
            ("not service accounts", notServiceAccounts), ("addresses", ipBlocks), ("not addresses", notIpBlocks),
            ("remote addresses", remoteIpBlocks), ("not remote addresses", notRemoteIpBlocks),
            ("trust domains", trustDomains), ("not trust domains", notTrustDomains),
        ]
    }
}

extension Kubernetes.AuthorizationPolicy.Operation {
    fileprivate var parts: [(name: String, values: [String])] {
        [
            ("hosts", hosts), ("not hosts", notHosts), ("ports", ports), ("not ports", notPorts), ("methods", methods),
            ("not methods", notMethods), ("paths", paths), ("not paths", notPaths),
        ]
    }
}
