/// A service as a data plane looks it up, with its endpoints.
package final class ServiceEntry: Sendable {
    package let service: Service
    /// `service.subjectAltNames`, without those that are no identity.
    package let subjectAltNames: [SPIFFEIdentity]
    /// Those that its health policy admits, in the order of their uids.
    package let endpoints: [Endpoint]
    /// The sum of the capacities of `endpoints` up to and including each.
    package let cumulativeCapacities: [UInt64]

    package init(_ service: Service, endpoints: [Endpoint]) {
        self.service = service
        subjectAltNames = service.subjectAltNames.compactMap { SPIFFEIdentity($0) }
        let admitted = endpoints.filter {
            $0.entry.workload.status == .healthy || service.loadBalancing.healthPolicy == .allowAll
        }
        self.endpoints = admitted.sorted { $0.entry.workload.uid < $1.entry.workload.uid }
        var sum: UInt64 = 0
        cumulativeCapacities = self.endpoints.map { endpoint in
            sum += UInt64(endpoint.entry.workload.capacity)
            return sum
        }
    }

    /// Whether a client of `namespace` may see it at all.
    package func isVisible(from namespace: String) -> Bool {
        service.visibility == .everywhere || service.namespace == namespace
    }
}

/// A workload in its role behind one service.
package struct Endpoint: Sendable {
    package let entry: WorkloadEntry
    /// The workload's port by service port.
    package let ports: [UInt16: UInt16]

    package init(entry: WorkloadEntry, ports: [UInt16: UInt16]) {
        self.entry = entry
        self.ports = ports
    }
}
