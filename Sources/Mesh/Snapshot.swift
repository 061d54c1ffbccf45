import HashTreeCollections

/// One state of the mesh's configuration, indexed: what a data plane reads while it carries connections.
///
/// Immutable, so that every thread may hold it; a change makes a new one. Look-ups do not allocate.
package final class Snapshot: Sendable {
    private let tables: SnapshotTables

    init(_ tables: SnapshotTables) { self.tables = tables }

    package convenience init(_ configuration: MeshConfiguration) {
        var tables = SnapshotTables()
        var sharing = Sharing()
        for policy in configuration.policies { tables.policies.put(policy) }
        for service in configuration.services { tables.put(service) }
        for workload in configuration.workloads { tables.put(workload, &sharing) }
        tables.finish()
        self.init(tables)
    }

    /// All that it was made of, in the order of the keys; what was rejected is left out. Costs as much as there is.
    package var configuration: MeshConfiguration {
        MeshConfiguration(
            workloads: tables.workloadsByUID.values.map(\.workload).sorted { $0.uid < $1.uid },
            services: tables.servicesByKey.values.map(\.service).sorted { $0.key.precedes($1.key) },
            policies: tables.policies.byKey.values.sorted { $0.key.precedes($1.key) })
    }

    // MARK: - Workloads

    /// Workloads in their node's network namespace are not found: their address is the node's.
    package func workload(at ip: IPAddress, network: String = "") -> WorkloadEntry? {
        tables.workloadsByAddress[NetworkAddress(network: network, ip: ip)]?.best
    }

    package func workload(uid: String) -> WorkloadEntry? { tables.workloadsByUID[uid] }

    package func workload(named name: NamespacedName) -> WorkloadEntry? { tables.workloadsByName[name]?.best }

    package func workload(hostname: String) -> WorkloadEntry? { tables.workloadsByHostname[hostname]?.best }

    // MARK: - Services

    package func service(_ key: NamespacedName) -> ServiceEntry? { tables.servicesByKey[key] }

    /// The service behind a virtual address, as a client of `namespace` sees it. An exact address beats a range.
    package func service(at ip: IPAddress, network: String = "", from namespace: String) -> ServiceEntry? {
        let exact = tables.servicesByAddress[NetworkAddress(network: network, ip: ip)] ?? []
        if let service = exact.preferred(from: namespace) { return service }
        return service(inRangeOf: ip, from: namespace)
    }

    /// The service with this hostname, as a client of `namespace` sees it.
    package func service(hostname: String, from namespace: String) -> ServiceEntry? {
        tables.servicesByHostname[hostname]?.preferred(from: namespace)
    }

    /// Ranked by: in the client's own namespace, the longest prefix, canonical.
    private func service(inRangeOf ip: IPAddress, from namespace: String) -> ServiceEntry? {
        var best: ServiceEntry?
        for length in tables.servicesByNetwork.lengths(ip.family) {
            let keys = tables.servicesByNetwork.values(at: ip, length: length)
            guard let candidate = keys?.compactMap({ tables.servicesByKey[$0] }).preferred(from: namespace) else {
                continue
            }
            let isCloser = candidate.service.namespace == namespace && best?.service.namespace != namespace
            if best == nil || isCloser { best = candidate }
        }
        return best
    }

    // MARK: - Policies

    package func policy(_ key: NamespacedName) -> AuthorizationPolicy? { tables.policies.byKey[key] }

    /// What applies to a workload of this snapshot; of another one's nothing is known, and all is refused.
    package func policies(of entry: WorkloadEntry) -> EffectivePolicies {
        tables.policies.effective(for: entry.policyScope) ?? EffectivePolicies(sets: [], isWorkloadBroken: true)
    }
}

extension [ServiceEntry] {
    /// Among the visible: the client's own namespace's, else a canonical one, else the first.
    fileprivate func preferred(from namespace: String) -> ServiceEntry? {
        var best: ServiceEntry?
        for candidate in self where candidate.isVisible(from: namespace) {
            if candidate.service.namespace == namespace { return candidate }
            let isBetter = best.map { candidate.service.isCanonical && !$0.service.isCanonical } ?? true
            if isBetter { best = candidate }
        }
        return best
    }
}
