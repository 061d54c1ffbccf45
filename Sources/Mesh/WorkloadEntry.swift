/// A workload as a data plane looks it up: with what follows from the rest of the configuration, worked out once.
package final class WorkloadEntry: Sendable {
    package let workload: Workload
    /// Who may answer for it when it is reached by its own address.
    package let expectedIdentities: [SPIFFEIdentity]
    /// Which policies apply to it: `Snapshot.policies(of:)`.
    let policyScope: PolicyScope

    package convenience init(_ workload: Workload) {
        self.init(workload, policyScope: PolicyScope(workload), expectedIdentities: [workload.identity])
    }

    init(_ workload: Workload, policyScope: PolicyScope, expectedIdentities: [SPIFFEIdentity]) {
        self.workload = workload
        self.policyScope = policyScope
        self.expectedIdentities = expectedIdentities
    }

    package var identity: SPIFFEIdentity { expectedIdentities[0] }

    /// Whether this is the better answer when both claim one IP address: the pod itself, then one behind a tunnel.
    func precedes(_ other: WorkloadEntry) -> Bool {
        func rank(_ workload: Workload) -> (Int, Int) {
            (workload.uid.contains("//Pod/") ? 0 : 1, workload.tunnelProtocol == .hbone ? 0 : 1)
        }
        let (mine, others) = (rank(workload), rank(other.workload))
        return mine == others ? workload.uid < other.workload.uid : mine < others
    }
}

/// What tells workloads apart where policies apply to them; shared between those that are alike.
final class PolicyScope: Hashable, Sendable {
    let namespace: String
    /// The policies that the workload names, each once, in order.
    let named: [NamespacedName]
    /// Whether the last that was said of the workload was rejected: it might name policies that we do not know.
    let isBroken: Bool

    init(_ workload: Workload, isBroken: Bool = false) {
        namespace = workload.namespace
        let names = workload.authorizationPolicies
        named = names.count < 2 ? names : Set(names).sorted { $0.precedes($1) }
        self.isBroken = isBroken
    }

    static func == (one: PolicyScope, other: PolicyScope) -> Bool {
        one.namespace == other.namespace && one.named == other.named && one.isBroken == other.isBroken
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(namespace)
        hasher.combine(named)
        hasher.combine(isBroken)
    }
}
