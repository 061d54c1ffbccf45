/// The policies that apply to one workload: the global ones, its namespace's, and those it names.
package struct EffectivePolicies: Sendable {
    /// From wide to narrow; the first that decides is the one that is told.
    package let sets: [PolicySet]
    /// Policies that the workload names and nobody has sent.
    package let missing: [NamespacedName]

    package init(sets: [PolicySet], missing: [NamespacedName] = []) {
        self.sets = sets.filter { !$0.policies.isEmpty }
        self.missing = missing
    }

    /// The ALLOW policies in force: where none of them allows, they refuse together. Allocates.
    package var allowing: [NamespacedName] {
        sets.flatMap { $0.policies.filter { $0.action == .allow && !$0.isDryRun }.map(\.key) }
    }
}

/// Policies that apply together, indexed so that a decision costs the same among ten as among ten thousand.
package final class PolicySet: Sendable {
    /// In the order of their keys, so that the same policies always give the same reason.
    package let policies: [AuthorizationPolicy]
    let denials: RuleIndex
    let allowances: RuleIndex
    let dryRunDenials: RuleIndex
    let dryRunAllowances: RuleIndex

    package init(_ policies: [AuthorizationPolicy]) {
        let sorted = policies.sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) }
        self.policies = sorted
        func index(_ action: AuthorizationPolicy.Action, isDryRun: Bool) -> RuleIndex {
            RuleIndex(sorted.filter { $0.action == action && $0.isDryRun == isDryRun })
        }
        denials = index(.deny, isDryRun: false)
        allowances = index(.allow, isDryRun: false)
        dryRunDenials = index(.deny, isDryRun: true)
        dryRunAllowances = index(.allow, isDryRun: true)
    }
}
