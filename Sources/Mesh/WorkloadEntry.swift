/// A workload as a data plane looks it up: with what follows from the rest of the configuration, worked out once.
package final class WorkloadEntry: Sendable {
    package let workload: Workload
    package let identity: SPIFFEIdentity
    /// Who may answer for it when it is reached by its own address.
    package let expectedIdentities: [SPIFFEIdentity]
    package let policies: EffectivePolicies

    package init(_ workload: Workload, policies: EffectivePolicies) {
        self.workload = workload
        identity = workload.identity
        expectedIdentities = [workload.identity]
        self.policies = policies
    }

    /// Whether this is the better answer when both claim one IP address: the pod itself, then one behind a tunnel.
    func precedes(_ other: WorkloadEntry) -> Bool {
        func rank(_ workload: Workload) -> (Int, Int) {
            (workload.uid.contains("//Pod/") ? 0 : 1, workload.tunnelProtocol == .hbone ? 0 : 1)
        }
        let (mine, others) = (rank(workload), rank(other.workload))
        return mine == others ? workload.uid < other.workload.uid : mine < others
    }
}
