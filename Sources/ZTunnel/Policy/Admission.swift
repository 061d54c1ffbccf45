import Mesh

/// Whether a pod takes a connection, now and whenever the configuration changes.
struct Admission {
    let attributes: ConnectionAttributes

    /// Decides by the pod's policies. Before a configuration has arrived, and for a pod it does not know, nothing is
    /// admitted.
    func decide(_ pod: PodProxy) -> Result<Admitted, Refusal> {
        guard let snapshot = pod.worker.snapshot else { return .failure(Refusal(.notReady)) }
        guard let workload = pod.workload else { return .failure(Refusal(.unknownWorkload)) }
        let policies = snapshot.policies(of: workload)
        let decision = policies.decide(attributes)
        guard decision.isAllowed else {
            return .failure(
                Refusal(.denied(decision), decision, policies.explain(decision, of: attributes), policies))
        }
        return .success(Admitted(workload: workload, decision: decision))
    }

    struct Admitted {
        let workload: WorkloadEntry
        let decision: AuthorizationDecision
    }

    struct Refusal: Error {
        let cause: ConnectionFailure.Cause
        let decision: AuthorizationDecision?
        let nearestRule: NearestRule?
        /// Those that applied.
        let policies: EffectivePolicies?

        init(
            _ cause: ConnectionFailure.Cause, _ decision: AuthorizationDecision? = nil,
            _ nearestRule: NearestRule? = nil, _ policies: EffectivePolicies? = nil
        ) {
            self.cause = cause
            self.decision = decision
            self.nearestRule = nearestRule
            self.policies = policies
        }

        /// The same refusal for a connection that had been admitted.
        var afterwards: ConnectionFailure.Cause {
            if case .denied(let decision) = cause { .policyChanged(decision) } else { cause }
        }
    }
}
