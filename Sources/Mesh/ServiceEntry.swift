/// A service as a data plane looks it up, with its endpoints.
package final class ServiceEntry: Sendable {
    package let service: Service
    /// `service.subjectAltNames`, without those that are no identity.
    package let subjectAltNames: [SPIFFEIdentity]
    /// Those that its health policy admits, in the order of their uids.
    package let endpoints: [Endpoint]
    /// The sum of the capacities of `endpoints` up to and including each.
    package let cumulativeCapacities: [UInt64]

    package init(_ service: Service, members: [WorkloadEntry]) {
        self.service = service
        let subjectAltNames = service.subjectAltNames.compactMap { SPIFFEIdentity($0) }
        self.subjectAltNames = subjectAltNames
        let admitted = members.filter {
            $0.workload.status == .healthy || service.loadBalancing.healthPolicy == .allowAll
        }
        endpoints = admitted.sorted { $0.workload.uid < $1.workload.uid }.map { entry in
            Endpoint(
                entry: entry, ports: entry.workload.services[service.key] ?? [:], subjectAltNames: subjectAltNames)
        }
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
    /// Who may answer for it when it is reached by the service: itself, or one of the service's additional identities.
    package let expectedIdentities: [SPIFFEIdentity]

    package init(entry: WorkloadEntry, ports: [UInt16: UInt16], subjectAltNames: [SPIFFEIdentity] = []) {
        self.entry = entry
        self.ports = ports
        let others = subjectAltNames.filter { $0 != entry.identity }
        expectedIdentities = others.isEmpty ? entry.expectedIdentities : entry.expectedIdentities + others
    }
}
