/// The policies that apply to one workload: the global ones, its namespace's, and those it names.
package struct EffectivePolicies: Sendable {
    /// From wide to narrow; the first that decides is the one that is told.
    package let sets: [PolicySet]
    /// Policies that the workload names and nobody has sent.
    package let missing: [NamespacedName]
    /// Policies that apply, or that the workload names, and that were rejected: they might deny.
    package let broken: [NamespacedName]
    /// The last that was said of the workload itself was rejected: it might name a policy that denies.
    package let isWorkloadBroken: Bool

    package init(
        sets: [PolicySet], missing: [NamespacedName] = [], broken: [NamespacedName] = [], isWorkloadBroken: Bool = false
    ) {
        self.sets = sets.filter { !$0.policies.isEmpty }
        self.missing = missing
        self.broken = broken
        self.isWorkloadBroken = isWorkloadBroken
    }

    /// The first of the ALLOW policies in force: where none of them allows, they refuse together. Allocates.
    package func allowing(limit: Int) -> [NamespacedName] {
        let allowing = sets.lazy.flatMap { $0.policies.lazy.filter { $0.action == .allow && !$0.isDryRun } }
        return allowing.prefix(limit).map(\.key)
    }
}

/// Policies that apply together, indexed so that a decision costs the same among ten as among ten thousand.
package final class PolicySet: Sendable {
    /// In the order of their keys, so that the same policies always give the same reason.
    package let policies: [AuthorizationPolicy]
    let index: RuleIndex

    package init(_ policies: [AuthorizationPolicy]) {
        self.policies = policies.sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) }
        index = RuleIndex(self.policies)
    }
}
