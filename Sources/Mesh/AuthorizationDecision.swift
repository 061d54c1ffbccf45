/// Whether a connection may reach a workload, and why.
package struct AuthorizationDecision: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        /// No ALLOW policy applies to the workload, so what is not denied is allowed.
        case unrestricted
        case allowed(by: RuleReference)
        case denied(by: RuleReference)
        case noneAllowed
        /// The workload names a policy that is not known: it might deny.
        case missing(policy: NamespacedName)
        /// A policy that applies was rejected when it last changed: it might deny.
        case broken(policy: NamespacedName)
        /// The workload was rejected when it last changed: it might name a policy that denies.
        case brokenWorkload
    }

    package enum DryRunAllowance: Hashable, Sendable {
        /// No dry-run ALLOW policy applies, or a DENY decided before any was asked.
        case notAsked
        case allowed(by: RuleReference)
        case noneAllowed
    }

    package var outcome: Outcome
    /// The DENY rule in dry-run that would have denied.
    package var dryRunDenial: RuleReference?
    /// What the ALLOW policies in dry-run would have said.
    package var dryRunAllowance = DryRunAllowance.notAsked

    package init(_ outcome: Outcome) { self.outcome = outcome }

    package var isAllowed: Bool {
        switch outcome {
        case .unrestricted, .allowed: return true
        case .denied, .noneAllowed, .missing, .broken, .brokenWorkload: return false
        }
    }

    /// The policy that decided, where one did.
    package var policy: NamespacedName? {
        switch outcome {
        case .allowed(let rule), .denied(let rule): return rule.policy
        case .missing(let policy), .broken(let policy): return policy
        case .unrestricted, .noneAllowed, .brokenWorkload: return nil
        }
    }

    /// The rule that decided, counted from 0 within its policy.
    package var rule: Int? {
        switch outcome {
        case .allowed(let rule), .denied(let rule): return rule.index
        case .missing, .broken, .brokenWorkload, .unrestricted, .noneAllowed: return nil
        }
    }

    /// One sentence for people. Allocates.
    package var reason: String {
        switch outcome {
        case .unrestricted: return "no allow policies apply"
        case .allowed(let rule): return "allowed by: \(rule.policy)"
        case .denied(let rule): return "explicitly denied by: \(rule.policy)"
        case .noneAllowed: return "allow policies exist, but none allowed"
        case .missing(let policy): return "policy \(policy) has not arrived"
        case .broken(let policy): return "policy \(policy) was rejected"
        case .brokenWorkload: return "the workload's configuration was rejected"
        }
    }
}

/// A rule, by its place in a policy.
package struct RuleReference: Hashable, Sendable, CustomStringConvertible {
    package var policy: NamespacedName
    package var index: Int

    package init(policy: NamespacedName, index: Int) {
        self.policy = policy
        self.index = index
    }

    package var description: String { "\(policy)#\(index)" }
}

extension EffectivePolicies {
    /// DENY beats ALLOW; where an ALLOW policy applies, one must allow; what is missing or broken denies everything.
    package func decide(_ attributes: ConnectionAttributes) -> AuthorizationDecision {
        if isWorkloadBroken { return AuthorizationDecision(.brokenWorkload) }
        if let policy = broken.first { return AuthorizationDecision(.broken(policy: policy)) }
        if let policy = missing.first { return AuthorizationDecision(.missing(policy: policy)) }
        var denying, allowing, denyingInDryRun, allowingInDryRun: RuleReference?
        for set in sets {
            let held = set.index.held(for: attributes)
            denying = denying ?? held.denying.map(set.index.reference)
            allowing = allowing ?? held.allowing.map(set.index.reference)
            denyingInDryRun = denyingInDryRun ?? held.denyingInDryRun.map(set.index.reference)
            allowingInDryRun = allowingInDryRun ?? held.allowingInDryRun.map(set.index.reference)
        }
        var decision = AuthorizationDecision(outcome(denying, allowing))
        decision.dryRunDenial = denyingInDryRun
        if denying == nil { decision.dryRunAllowance = dryRunAllowance(allowingInDryRun) }
        return decision
    }

    private func outcome(
        _ denying: RuleReference?, _ allowing: RuleReference?
    ) -> AuthorizationDecision.Outcome {
        if let denying { return .denied(by: denying) }
        if let allowing { return .allowed(by: allowing) }
        return sets.contains { $0.index.hasAllowPolicies } ? .noneAllowed : .unrestricted
    }

    private func dryRunAllowance(_ allowing: RuleReference?) -> AuthorizationDecision.DryRunAllowance {
        if let allowing { return .allowed(by: allowing) }
        return sets.contains { $0.index.hasDryRunAllowPolicies } ? .noneAllowed : .notAsked
    }
}
