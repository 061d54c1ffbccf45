/// Everything a data plane is told, as a list of resources. Sources of configuration produce it; `Snapshot` indexes it.
package struct MeshConfiguration: Hashable, Sendable {
    package var workloads: [Workload]
    package var services: [Service]
    package var policies: [AuthorizationPolicy]

    package init(workloads: [Workload] = [], services: [Service] = [], policies: [AuthorizationPolicy] = []) {
        self.workloads = workloads
        self.services = services
        self.policies = policies
    }
}
