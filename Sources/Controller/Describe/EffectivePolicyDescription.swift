import Mesh

/// A policy that applies to a workload, at its place in the order in which they are asked.
package struct EffectivePolicyDescription: Codable, Hashable, Sendable {
    /// `DENY` or `ALLOW`.
    package let action: String
    /// What it was made from: `AuthorizationPolicy namespace/name`, `PeerAuthentication namespace/name`.
    package let object: String
    /// `mesh`, `namespace` or `workload`.
    package let scope: String
    package let rules: Int
    /// Told, not enforced.
    package let dryRun: Bool
    /// Nil where nobody can tell.
    package let enforcement: EnforcementDescription?
    package let remarks: [RemarkDescription]
}

extension MeshView {
    /// In the order in which they decide: all that deny before all that allow, and of both those of the mesh, of the
    /// namespace, and of the workload, as its proxy has them.
    func effectivePolicies(of pod: Kubernetes.Pod) -> [EffectivePolicyDescription] {
        guard var workload = workload(of: pod) else { return [] }
        let guards = order.guardPolicies(of: workload.uid)
        workload.authorizationPolicies += guards.map(\.key)
        let named = Set(workload.authorizationPolicies)
        let candidates =
            guards
            + translation.policies.values.filter { policy in
                switch policy.scope {
                case .global: true
                case .namespace: policy.namespace == workload.namespace
                case .workloadSelector: named.contains(policy.key)
                }
            }
        let snapshot = Snapshot(MeshConfiguration(workloads: [workload], policies: candidates))
        guard let entry = snapshot.workload(uid: workload.uid) else { return [] }
        let effective = snapshot.policies(of: entry)
        let policies = effective.sets.flatMap(\.policies)
        let missing = effective.missing.map { key in
            EffectivePolicyDescription(
                action: "DENY", object: "\(key)", scope: "workload", rules: 0, dryRun: false, enforcement: nil,
                remarks: [])
        }
        return missing
            + [AuthorizationPolicy.Action.deny, .allow].flatMap { action in
                policies.filter { $0.action == action }.map { describe($0, of: pod) }
            }
    }

    private func describe(_ policy: AuthorizationPolicy, of pod: Kubernetes.Pod) -> EffectivePolicyDescription {
        let origin = origin(of: policy.key, for: pod)
        return EffectivePolicyDescription(
            action: policy.action == .deny ? "DENY" : "ALLOW", object: origin.map { "\($0)" } ?? "\(policy.key)",
            scope: policy.scope.text, rules: policy.rules.count, dryRun: policy.isDryRun,
            enforcement: origin.flatMap(enforcement), remarks: origin.map(remarks) ?? [])
    }

    /// The object that a policy was made from; nil for one that is made of no single object.
    private func origin(of key: NamespacedName, for pod: Kubernetes.Pod) -> ObjectReference? {
        if model.policies[key] != nil {
            return ObjectReference(kind: .authorizationPolicy, namespace: key.namespace, name: key.name)
        }
        let peers = PeerTranslation(model: model, settings: settings)
        guard peers.policyKey(for: pod.metadata) == key else { return nil }
        if key != peers.strictKey { return peers.own(pod.metadata)?.reference }
        return peers.deciding(for: pod, in: pod.metadata.namespace)?.reference
    }
}

extension AuthorizationPolicy.Scope {
    fileprivate var text: String {
        switch self {
        case .global: "mesh"
        case .namespace: "namespace"
        case .workloadSelector: "workload"
        }
    }
}
