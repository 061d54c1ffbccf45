/// Of which waypoint it is that a proxy asks.
package struct WaypointScope: Hashable, Sendable {
    /// Its Service, by `namespace/hostname`.
    package let service: String
    /// The pod's own workload, by its uid; empty when nobody proves it.
    package let workload: String

    package init(service: String, workload: String = "") {
        self.service = service
        self.workload = workload
    }
}
