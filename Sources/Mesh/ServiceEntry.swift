/// A service as a data plane looks it up, with its endpoints.
package final class ServiceEntry: Sendable {
    package let service: Service
    /// `service.subjectAltNames`, without those that are no identity.
    package let subjectAltNames: [SPIFFEIdentity]
    /// Those that its health policy admits.
    fileprivate let admitted: WorkloadList

    init(_ service: Service, admitted: WorkloadList) {
        self.service = service
        subjectAltNames = service.subjectAltNames.compactMap { SPIFFEIdentity($0) }
        self.admitted = admitted
    }

    /// Those that its health policy admits, in the order of their uids.
    package var endpoints: Endpoints { Endpoints(service: self) }

    /// Whether a client of `namespace` may see it at all.
    package func isVisible(from namespace: String) -> Bool {
        service.visibility == .everywhere || service.namespace == namespace
    }
}

/// The endpoints of a service.
package struct Endpoints: Sequence, Sendable {
    fileprivate let service: ServiceEntry

    package var count: Int { service.admitted.count }
    /// The sum of their capacities.
    package var capacity: UInt64 { service.admitted.capacity }

    /// The endpoint to whom this place belongs when each takes up as many as its capacity; `place` must be below
    /// `capacity`.
    package func endpoint(atCapacity place: UInt64) -> Endpoint {
        Endpoint(entry: service.admitted.entry(atCapacity: place), service: service)
    }

    package struct Iterator: IteratorProtocol {
        fileprivate var entries: WorkloadList.Iterator
        fileprivate let service: ServiceEntry

        package mutating func next() -> Endpoint? {
            entries.next().map { Endpoint(entry: $0, service: service) }
        }
    }

    package func makeIterator() -> Iterator { Iterator(entries: service.admitted.makeIterator(), service: service) }
}

/// A workload in its role behind one service, or alone.
package struct Endpoint: Sendable {
    package let entry: WorkloadEntry
    private let service: ServiceEntry?

    /// - Parameter service: nil for a workload that is reached by itself.
    package init(entry: WorkloadEntry, service: ServiceEntry? = nil) {
        self.entry = entry
        self.service = service
    }

    /// The workload's port by service port.
    package var ports: [UInt16: UInt16] { service.flatMap { entry.workload.services[$0.service.key] } ?? [:] }

    /// Who may answer for it when it is reached by the service: itself, or one of the service's additional identities.
    package var expectedIdentities: [SPIFFEIdentity] {
        let others = service?.subjectAltNames.filter { $0 != entry.identity } ?? []
        return others.isEmpty ? entry.expectedIdentities : entry.expectedIdentities + others
    }
}
