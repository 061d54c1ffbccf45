/// Policies by where they apply. Makes each workload's `EffectivePolicies`, shared between workloads that have the
/// same.
struct PolicyTables {
    let byKey: [NamespacedName: AuthorizationPolicy]
    private let global: PolicySet
    private let byNamespace: [String: PolicySet]
    private var made: [Scope: EffectivePolicies] = [:]

    /// What tells workloads apart here.
    private struct Scope: Hashable {
        let namespace: String
        let named: Set<NamespacedName>
    }

    /// Of two policies with one key the last counts.
    init(_ policies: [AuthorizationPolicy]) {
        byKey = Dictionary(policies.map { ($0.key, $0) }) { _, last in last }
        let byScope = Dictionary(grouping: byKey.values, by: \.scope)
        global = PolicySet(byScope[.global] ?? [])
        byNamespace = Dictionary(grouping: byScope[.namespace] ?? [], by: \.namespace).mapValues(PolicySet.init)
    }

    mutating func effective(for workload: Workload) -> EffectivePolicies {
        let scope = Scope(namespace: workload.namespace, named: Set(workload.authorizationPolicies))
        if let present = made[scope] { return present }
        let effective = make(scope)
        made[scope] = effective
        return effective
    }

    private func make(_ scope: Scope) -> EffectivePolicies {
        let ofNamespace = byNamespace[scope.namespace].map { [$0] } ?? []
        let widerKeys = Set((global.policies + ofNamespace.flatMap(\.policies)).map(\.key))
        let named = scope.named.subtracting(widerKeys)
        let missing = named.filter { byKey[$0] == nil }.sorted { $0.description < $1.description }
        return EffectivePolicies(
            sets: [global] + ofNamespace + [PolicySet(named.compactMap { byKey[$0] })], missing: missing)
    }
}
