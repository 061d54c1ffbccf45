import HashTreeCollections

/// What a node proxy knows of the mesh, and how that changes as resources arrive. Pure: the product and its tests take
/// the same steps.
///
/// It fails closed (DESIGN §5.4). There is no snapshot, so that nothing is admitted, before both types have been
/// answered. A workload that names a policy which is not there takes nobody. What was rejected is *broken* until a good
/// version of it comes or it is removed: a workload takes nobody, a policy is taken for the strictest that it can be
/// (`PolicyTables`), a service goes on as it was, since it admits nobody.
package struct ConfigurationState: Sendable {
    /// The types of which a proxy is told.
    package enum Kind: Hashable, CaseIterable, Sendable {
        /// Workloads and services.
        case addresses
        case policies
    }

    /// One response. The first of its kind tells of all that there is.
    package struct Update: Sendable {
        package var kind: Kind
        package var resources: [MeshResource]
        /// Names of resources that are gone.
        package var removed: [String]
        package var rejected: [Rejection]

        package init(
            _ kind: Kind, resources: [MeshResource] = [], removed: [String] = [], rejected: [Rejection] = []
        ) {
            self.kind = kind
            self.resources = resources
            self.removed = removed
            self.rejected = rejected
        }
    }

    /// A resource that could not be followed.
    package struct Rejection: Hashable, Sendable {
        package let name: String
        /// Of a policy, what could be read of it.
        package var scope: AuthorizationPolicy.Scope?
        package var action: AuthorizationPolicy.Action?

        package init(
            name: String, scope: AuthorizationPolicy.Scope? = nil, action: AuthorizationPolicy.Action? = nil
        ) {
            self.name = name
            self.scope = scope
            self.action = action
        }
    }

    private var tables = SnapshotTables()
    private var sharing = Sharing()
    private var answered: Set<Kind> = []

    package init() {}

    /// Whether the first answer for each type is in.
    package var isComplete: Bool { answered.count == Kind.allCases.count }

    /// What is in force from now on. Nil, so that nothing is admitted, until both types have been answered.
    package var snapshot: Snapshot? { isComplete ? Snapshot(tables) : nil }

    /// Costs as much as what changes. Removals count before what comes, so that a name in both is there afterwards.
    package mutating func apply(_ update: Update) {
        for name in update.removed { remove(name, update.kind) }
        for resource in update.resources { put(resource) }
        for rejection in update.rejected { reject(rejection, update.kind) }
        tables.finish()
        answered.insert(update.kind)
    }

    private mutating func put(_ resource: MeshResource) {
        switch resource {
        case .workload(let workload): tables.put(workload, &sharing)
        case .service(let service): tables.put(service)
        case .policy(let policy): tables.policies.put(policy)
        }
    }

    private mutating func remove(_ name: String, _ kind: Kind) {
        switch kind {
        case .addresses:
            tables.remove(workloadUID: name)
            if let key = NamespacedName(name) { tables.remove(service: key) }
        case .policies: tables.policies.remove(NamespacedName(policyName: name))
        }
    }

    private mutating func reject(_ rejection: Rejection, _ kind: Kind) {
        switch kind {
        case .addresses:
            guard let entry = tables.workloadsByUID[rejection.name] else { return }
            tables.put(entry.workload, isBroken: true, &sharing)
        case .policies:
            let key = NamespacedName(policyName: rejection.name)
            tables.policies.put(BrokenPolicy(key: key, scope: rejection.scope, action: rejection.action))
        }
    }
}

extension NamespacedName {
    /// A policy's name on the wire. A global one may have no namespace.
    fileprivate init(policyName name: String) {
        let parts = name.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        self.init(namespace: parts.count == 2 ? parts[0] : "", name: parts.last ?? "")
    }
}
