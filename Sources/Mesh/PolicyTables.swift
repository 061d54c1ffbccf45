import HashTreeCollections

/// Policies by where they apply, and what follows from them for each kind of workload.
///
/// A policy that was rejected is *broken*: what it says now is not known, and what it said before is not what was meant.
/// It is taken for the strictest that it can be. A workload that names it takes nobody. Where it applies by itself, one
/// that is known to allow allows nobody; one that denies, or may, denies everybody.
struct PolicyTables: Sendable {
    private(set) var byKey: TreeDictionary<NamespacedName, AuthorizationPolicy> = [:]
    private(set) var broken: TreeDictionary<NamespacedName, BrokenPolicy> = [:]
    private var global = PolicySet([])
    private var byNamespace: TreeDictionary<String, PolicySet> = [:]
    private var effectiveByScope: TreeDictionary<PolicyScope, EffectivePolicies> = [:]
    private var scopes: TreeDictionary<PolicyScope, ScopeUse> = [:]
    private var change = Change()

    private struct ScopeUse: Sendable {
        /// The one that is shared.
        let scope: PolicyScope
        /// By how many workloads.
        var count: Int
    }

    /// What must be worked out again.
    private struct Change: Sendable {
        var isGlobal = false
        var namespaces: Set<String> = []
        var keys: Set<NamespacedName> = []
        var scopes: Set<PolicyScope> = []
    }

    /// Nil for what no workload of this state has.
    func effective(for scope: PolicyScope) -> EffectivePolicies? { effectiveByScope[scope] }

    // MARK: Changes; they are in force after `finish`

    mutating func put(_ policy: AuthorizationPolicy) {
        remove(policy.key)
        byKey[policy.key] = policy
        note(policy.key, policy.scope)
    }

    mutating func put(_ policy: BrokenPolicy) {
        remove(policy.key)
        broken[policy.key] = policy
        note(policy.key, policy.scope)
    }

    mutating func remove(_ key: NamespacedName) {
        if let policy = byKey.removeValue(forKey: key) { note(key, policy.scope) }
        if let policy = broken.removeValue(forKey: key) { note(key, policy.scope) }
    }

    private mutating func note(_ key: NamespacedName, _ scope: AuthorizationPolicy.Scope) {
        change.keys.insert(key)
        switch scope {
        case .global: change.isGlobal = true
        case .namespace: change.namespaces.insert(key.namespace)
        case .workloadSelector: break
        }
    }

    /// A workload has come. Its scope, as all that are alike share it.
    mutating func retain(_ scope: PolicyScope) -> PolicyScope {
        var use = scopes[scope] ?? ScopeUse(scope: scope, count: 0)
        if use.count == 0 { change.scopes.insert(scope) }
        use.count += 1
        scopes[scope] = use
        return use.scope
    }

    mutating func release(_ scope: PolicyScope) {
        guard var use = scopes[scope] else { return }
        use.count -= 1
        scopes[scope] = use.count == 0 ? nil : use
        if use.count == 0 { change.scopes.insert(scope) }
    }

    /// Costs as much as the policies where something changed, and the kinds of workloads to which they apply.
    mutating func finish() {
        let change = change
        self.change = Change()
        if change.isGlobal { global = updated(global, by: change.keys) { $0.scope == .global } }
        for namespace in change.namespaces {
            let set = updated(byNamespace[namespace], by: change.keys) {
                $0.scope == .namespace && $0.namespace == namespace
            }
            byNamespace[namespace] = set.policies.isEmpty ? nil : set
        }
        if !change.keys.isEmpty {
            for scope in scopes.keys where isAffected(scope, by: change) { effectiveByScope[scope] = make(scope) }
        }
        for scope in change.scopes { effectiveByScope[scope] = scopes[scope] == nil ? nil : make(scope) }
    }

    private func updated(
        _ set: PolicySet?, by keys: Set<NamespacedName>, _ belongs: (AuthorizationPolicy) -> Bool
    ) -> PolicySet {
        let kept = set?.policies.filter { !keys.contains($0.key) } ?? []
        let changed = keys.compactMap { byKey[$0] ?? broken[$0]?.standIn }
        return PolicySet(kept + changed.filter(belongs))
    }

    private func isAffected(_ scope: PolicyScope, by change: Change) -> Bool {
        change.isGlobal || change.namespaces.contains(scope.namespace)
            || scope.named.contains(where: change.keys.contains)
    }

    private func make(_ scope: PolicyScope) -> EffectivePolicies {
        var named: [AuthorizationPolicy] = []
        var missing: [NamespacedName] = []
        var brokenKeys = broken.values.filter { $0.deniesItself(in: scope.namespace) }.map(\.key)
        for key in scope.named {
            if let policy = byKey[key] {
                if !policy.appliesItself(in: scope.namespace) { named.append(policy) }
            } else if broken[key] == nil {
                missing.append(key)
            } else if !brokenKeys.contains(key) {
                brokenKeys.append(key)
            }
        }
        let ofNamespace = byNamespace[scope.namespace].map { [$0] } ?? []
        return EffectivePolicies(
            sets: [global] + ofNamespace + [PolicySet(named)], missing: missing,
            broken: brokenKeys.sorted { $0.precedes($1) },
            isWorkloadBroken: scope.isBroken)
    }
}

/// What is known of a policy that was rejected.
package struct BrokenPolicy: Hashable, Sendable {
    package let key: NamespacedName
    /// Where it applies, as far as that could be read: else everywhere.
    package let scope: AuthorizationPolicy.Scope
    /// Nil when it could not be read.
    package let action: AuthorizationPolicy.Action?

    package init(key: NamespacedName, scope: AuthorizationPolicy.Scope?, action: AuthorizationPolicy.Action?) {
        self.key = key
        self.scope = scope ?? .global
        self.action = action
    }

    /// Of one that allows: one that allows nobody. It keeps others from being let in for want of any.
    fileprivate var standIn: AuthorizationPolicy? {
        guard action == .allow, scope != .workloadSelector else { return nil }
        return AuthorizationPolicy(name: key.name, namespace: key.namespace, scope: scope, action: .allow, rules: [])
    }

    /// Whether it denies everybody who comes to a workload of this namespace, named by it or not.
    fileprivate func deniesItself(in namespace: String) -> Bool {
        guard action != .allow else { return false }
        switch scope {
        case .global: return true
        case .namespace: return key.namespace == namespace
        case .workloadSelector: return false
        }
    }
}

extension AuthorizationPolicy {
    /// Whether it applies to the workloads of a namespace without being named.
    fileprivate func appliesItself(in namespace: String) -> Bool {
        scope == .global || scope == .namespace && self.namespace == namespace
    }
}
