import Controller

/// A policy or a route, for people. Pure.
struct PolicyText {
    let policy: PolicyDescription

    var text: String {
        var fields = FieldList()
        fields.add(policy.kind, "\(policy.namespace)/\(policy.name)")
        if !policy.action.isEmpty { fields.add("Action", policy.action) }
        fields.add("For", policy.target)
        if policy.kind == "AuthorizationPolicy" { fields.add("Rules", rules) }
        if policy.kind == "PeerAuthentication", !policy.rules.isEmpty { fields.add("Ports", policy.rules) }
        fields.add("Pods", policy.pods.isEmpty ? ["none in the mesh"] : policy.pods)
        fields.add("Enforced", enforcement)
        if !policy.conditions.isEmpty {
            fields.add("Conditions", policy.conditions.map { "\($0.type)=\($0.status) (\($0.reason)): \($0.message)" })
        }
        if !policy.remarks.isEmpty { fields.add("Remarks", policy.remarks.map(\.text)) }
        return fields.text
    }

    /// Counted as decisions count them.
    private var rules: [String] {
        guard !policy.rules.isEmpty else {
            return [policy.action == "DENY" ? "none: it denies nobody" : "none: it admits nobody"]
        }
        return policy.rules.enumerated().map { "[\($0.offset)] \($0.element)" }
    }

    private var enforcement: [String] {
        guard let enforcement = policy.enforcement else { return ["by no proxy of this mesh"] }
        guard enforcement.total > 0, enforcement.obstacle == nil else { return [enforcement.sentence] }
        let head = "\(enforcement.tally) \(enforcement.total == 1 ? "proxy" : "proxies")"
        return ["\(head) (version \(enforcement.version.prefix(12)))"] + enforcement.laggards.map(\.sentence)
    }

    static func table(_ policies: [PolicyDescription], isNamespaced: Bool) -> String {
        var table = TextTable(titles: ["POLICY", "ACTION", "FOR", "ENFORCED"])
        table.rows = policies.map { policy in
            let name = isNamespaced ? "\(policy.namespace)/\(policy.name)" : policy.name
            return [
                "\(policy.kind) \(name)", policy.action, policy.target, policy.enforcement?.sentence ?? "by no proxy",
            ]
        }
        return table.text
    }
}
