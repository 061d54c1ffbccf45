import Controller

/// A pod, for people. Pure.
struct PodText {
    let pod: PodDescription

    var text: String {
        var fields = FieldList()
        fields.add("Pod", "\(pod.namespace)/\(pod.name)")
        fields.add("State", pod.phase + (pod.ready ? ", ready" : ", not ready"))
        fields.add("Addresses", pod.addresses.joined(separator: ", "))
        fields.add("Node", pod.node)
        fields.add("In the mesh", pod.enrolment.lines)
        fields.add("Identity", isMember ? pod.identity : "none while it is outside (its account's: \(pod.identity))")
        fields.add(
            "Proxies", pod.proxies.map { "\($0.name): \($0.sync.text)" + ($0.reason.isEmpty ? "" : ", \($0.reason)") })
        if isMember { fields.add("Callers", pod.authentication.lines) }
        fields.add("Services", pod.services.map { "\($0.service) (\($0.ports.portText))" })
        fields.add("Waypoint", pod.waypoint?.lines ?? ["none"])
        return fields.text + "\n" + policies
    }

    private var isMember: Bool { pod.enrolment.state == .enrolled || pod.enrolment.state == .leaving }

    private var policies: String {
        guard !pod.policies.isEmpty else {
            return isMember
                ? "No policies: whoever reaches it is let in.\n"
                : "No policies: nothing is decided for it outside the mesh.\n"
        }
        let head =
            isMember
            ? "Policies, in the order in which they decide:\n"
            : "Policies that would decide if it were in the mesh, in this order:\n"
        return head + PolicyTable.text(pod.policies) + conclusion + PolicyTable.remarks(pod.policies)
    }

    /// What happens to whom no rule names.
    private var conclusion: String {
        let allows = pod.policies.contains { $0.action == "ALLOW" && !$0.dryRun }
        return allows
            ? "Whom none of the ALLOW policies admits is refused.\n" : "Whom none of them denies is let in.\n"
    }
}

/// Policies at their place in the order of decision.
enum PolicyTable {
    static func text(_ policies: [EffectivePolicyDescription]) -> String {
        var table = TextTable(titles: ["#", "ACTION", "POLICY", "OF THE", "RULES", "ENFORCED"], indent: 2)
        table.rows = policies.enumerated().map { index, policy in
            [
                "\(index + 1)", policy.action + (policy.dryRun ? " (dry run)" : ""), policy.object, policy.scope,
                "\(policy.rules)", policy.enforcement?.sentence ?? "-",
            ]
        }
        return table.text
    }

    static func remarks(_ policies: [EffectivePolicyDescription]) -> String {
        let lines = policies.flatMap { policy in
            policy.remarks.map { "  \(policy.object): \($0.text)".printable + "\n" }
        }
        return lines.isEmpty ? "" : "\nRemarks:\n" + lines.joined()
    }
}
