/// What a connection that no ALLOW rule let in came closest to. For people; costs as much as there are rules.
package struct NearestRule: Hashable, Sendable {
    package var rule: RuleReference
    /// What would have to be otherwise.
    package var failures: [FieldFailure]
}

/// One field of a rule that did not hold.
package struct FieldFailure: Hashable, Sendable, CustomStringConvertible {
    package var field: AuthorizationPolicy.Match.Field
    /// The rule's values, as text.
    package var wanted: [String]
    /// The connection's value, as text.
    package var found: String

    package var description: String { "\(field) [\(wanted.joined(separator: ", "))] but found \(found)" }
}

extension NearestRule: CustomStringConvertible {
    package var description: String {
        "nearest rule \(rule) wants " + failures.map(\.description).joined(separator: ", ")
    }
}

extension EffectivePolicies {
    /// Rules looked at before the answer must do: a client that is refused again and again must not cost much each
    /// time.
    private static let explainedRulesMax = 256

    /// For a connection that `decide` did not let in since no ALLOW rule holds: the rule of which the fewest fields
    /// fail. Nil for every other outcome, and where no ALLOW policy has a rule.
    package func explain(_ decision: AuthorizationDecision, of attributes: ConnectionAttributes) -> NearestRule? {
        guard decision.outcome == .noneAllowed else { return nil }
        let nearness = sets.lazy
            .flatMap { $0.policies.lazy.filter { $0.action == .allow && !$0.isDryRun } }
            .flatMap { policy in policy.rules.enumerated().lazy.map { (policy, $0.offset, $0.element) } }
            .prefix(Self.explainedRulesMax)
            .compactMap { policy, index, rule in
                rule.failures(for: attributes).map {
                    (rule: RuleReference(policy: policy.key, index: index), failed: $0)
                }
            }
        let nearest = nearness.min { $0.failed.isNearer(than: $1.failed) }
        return nearest.map { NearestRule(rule: $0.rule, failures: $0.failed.failures) }
    }
}

/// How far a match, a clause or a rule is from holding.
private struct Distance {
    var failures: [FieldFailure] = []
    var heldFields = 0

    func isNearer(than other: Distance) -> Bool {
        failures.count == other.failures.count ? heldFields > other.heldFields : failures.count < other.failures.count
    }

    static func + (one: Distance, other: Distance) -> Distance {
        Distance(failures: one.failures + other.failures, heldFields: one.heldFields + other.heldFields)
    }
}

extension AuthorizationPolicy.Rule {
    /// Nil when a clause can hold for no connection.
    fileprivate func failures(for attributes: ConnectionAttributes) -> Distance? {
        var sum = Distance()
        for clause in clauses where !clause.matches.isEmpty {
            let distances = clause.matches.compactMap { $0.distance(for: attributes) }
            guard let nearest = distances.min(by: { $0.isNearer(than: $1) }) else { return nil }
            sum = sum + nearest
        }
        return sum
    }
}

extension AuthorizationPolicy.Match {
    /// Nil for the all-empty match, which holds for no connection.
    fileprivate func distance(for attributes: ConnectionAttributes) -> Distance? {
        let conditions = conditions
        guard !conditions.isEmpty else { return nil }
        var distance = Distance()
        for condition in conditions {
            if condition.holds(for: attributes) {
                distance.heldFields += 1
            } else {
                distance.failures.append(failure(of: condition.field, for: attributes))
            }
        }
        return distance
    }

    private func failure(of field: Field, for attributes: ConnectionAttributes) -> FieldFailure {
        let identity = attributes.sourceIdentity
        switch field {
        case .destinationPorts: return failure(field, destinationPorts, attributes.destination.port)
        case .notDestinationPorts: return failure(field, notDestinationPorts, attributes.destination.port)
        case .sourceIPs: return failure(field, sourceIPs, attributes.source)
        case .notSourceIPs: return failure(field, notSourceIPs, attributes.source)
        case .destinationIPs: return failure(field, destinationIPs, attributes.destination.ip)
        case .notDestinationIPs: return failure(field, notDestinationIPs, attributes.destination.ip)
        case .namespaces: return failure(field, namespaces, identity?.namespace)
        case .notNamespaces: return failure(field, notNamespaces, identity?.namespace)
        case .serviceAccounts:
            return failure(field, serviceAccounts, identity.map { "\($0.namespace)/\($0.serviceAccount)" })
        case .notServiceAccounts:
            return failure(field, notServiceAccounts, identity.map { "\($0.namespace)/\($0.serviceAccount)" })
        case .principals: return failure(field, principals, identity?.principal)
        case .notPrincipals: return failure(field, notPrincipals, identity?.principal)
        }
    }

    private func failure(
        _ field: Field, _ wanted: [some CustomStringConvertible], _ found: (some CustomStringConvertible)?
    ) -> FieldFailure {
        FieldFailure(
            field: field, wanted: wanted.prefix(4).map(\.description) + (wanted.count > 4 ? ["…"] : []),
            found: found?.description ?? "no identity")
    }
}

extension AuthorizationPolicy.StringMatch: CustomStringConvertible {
    /// As users write it: `*` stands for what is not said.
    package var description: String {
        switch self {
        case .exact(let text): return text
        case .prefix(let text): return text + "*"
        case .suffix(let text): return "*" + text
        case .presence: return "*"
        }
    }
}
