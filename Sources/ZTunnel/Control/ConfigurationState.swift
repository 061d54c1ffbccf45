package import Discovery
package import Mesh

/// What the control plane has told so far, made into the snapshots that workers carry connections by.
///
/// A pure value. Fails closed: there is no snapshot before both types have been answered, and where a policy was rejected,
/// nothing that it may govern is admitted until a good version comes or it is taken back.
package struct ConfigurationState {
    private var workloads: [String: Workload] = [:]
    private var services: [String: Service] = [:]
    private var policies: [String: AuthorizationPolicy] = [:]
    private var answered: Set<ResourceType> = []

    package init() {}

    package var isComplete: Bool { answered.isSuperset(of: [.address, .authorization]) }

    /// - Parameters:
    ///   - removed: names of resources that are gone.
    ///   - rejected: names of resources whose new content cannot be used.
    package mutating func apply(
        _ type: ResourceType, _ resources: [MeshResource], removed: [String], rejected: [String]
    ) {
        answered.insert(type)
        for name in removed { remove(name, of: type) }
        for resource in resources {
            switch resource {
            case .workload(let workload):
                workloads[workload.uid] = workload
            case .service(let service): services[service.key.description] = service
            case .policy(let policy): policies[policy.key.description] = policy
            }
        }
        // A workload or service keeps what was last understood of it: who it is does not widen what is admitted.
        if type == .authorization { for name in rejected { refuseAll(underPolicy: name) } }
    }

    private mutating func remove(_ name: String, of type: ResourceType) {
        switch type {
        case .address, .workload:
            workloads[name] = nil
            services[name] = nil
        case .authorization: policies[name] = nil
        }
    }

    /// Of a policy that was never understood nobody knows whom it governs: its namespace then.
    private mutating func refuseAll(underPolicy name: String) {
        guard let key = NamespacedName(name) else { return }
        let everything = AuthorizationPolicy.Rule(clauses: [])
        policies[name] = AuthorizationPolicy(
            name: key.name, namespace: key.namespace, scope: policies[name]?.scope ?? .namespace, action: .deny,
            rules: [everything])
    }

    /// Nil until everything has been told once.
    package var snapshot: Snapshot? {
        guard isComplete else { return nil }
        return Snapshot(
            MeshConfiguration(
                workloads: Array(workloads.values), services: Array(services.values), policies: Array(policies.values)))
    }
}
