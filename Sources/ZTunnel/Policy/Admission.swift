import Mesh

/// Whether a pod takes a connection, now and whenever the configuration changes.
struct Admission {
    let attributes: ConnectionAttributes

    /// Decides by the pod's policies. Before a configuration has arrived, and for a pod it does not know, nothing is
    /// admitted.
    func decide(_ pod: PodProxy) -> Result<Admitted, Refusal> {
        guard pod.worker.snapshot != nil else { return .failure(Refusal(.notReady)) }
        guard let workload = pod.workload else { return .failure(Refusal(.unknownWorkload)) }
        let decision = workload.policies.decide(attributes)
        guard decision.isAllowed else {
            return .failure(Refusal(.denied(decision), decision, workload.policies.explain(decision, of: attributes)))
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

        init(
            _ cause: ConnectionFailure.Cause, _ decision: AuthorizationDecision? = nil,
            _ nearestRule: NearestRule? = nil
        ) {
            self.cause = cause
            self.decision = decision
            self.nearestRule = nearestRule
        }

        /// The same refusal for a connection that had been admitted.
        var afterwards: ConnectionFailure.Cause {
            if case .denied(let decision) = cause { .policyChanged(decision) } else { cause }
        }
    }
}
