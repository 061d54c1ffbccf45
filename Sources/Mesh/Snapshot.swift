/// One state of the mesh's configuration, indexed: what a data plane reads while it carries connections.
///
/// Immutable, so that every thread may hold it; a change makes a new one. Look-ups do not allocate.
package final class Snapshot: Sendable {
    package let configuration: MeshConfiguration

    private let workloadsByAddress: [NetworkAddress: WorkloadEntry]
    private let workloadsByUID: [String: WorkloadEntry]
    private let workloadsByHostname: [String: WorkloadEntry]
    private let workloadsByName: [NamespacedName: WorkloadEntry]
    private let servicesByAddress: [NetworkAddress: [ServiceEntry]]
    private let servicesByNetwork: IPPrefixTable<ServiceEntry>
    private let servicesByKey: [NamespacedName: ServiceEntry]
    private let servicesByHostname: [String: [ServiceEntry]]
    private let policiesByKey: [NamespacedName: AuthorizationPolicy]

    package init(_ configuration: MeshConfiguration) {
        self.configuration = configuration
        var index = SnapshotIndex(configuration)
        index.addWorkloads()
        index.addServices()
        workloadsByAddress = index.workloadsByAddress
        workloadsByUID = index.workloadsByUID
        workloadsByHostname = index.workloadsByHostname
        workloadsByName = index.workloadsByName
        servicesByAddress = index.servicesByAddress
        servicesByNetwork = index.servicesByNetwork
        servicesByKey = index.servicesByKey
        servicesByHostname = index.servicesByHostname
        policiesByKey = index.policies.byKey
    }

    // MARK: - Workloads

    /// Workloads in their node's network namespace are not found: their address is the node's.
    package func workload(at ip: IPAddress, network: String = "") -> WorkloadEntry? {
        workloadsByAddress[NetworkAddress(network: network, ip: ip)]
    }

    package func workload(uid: String) -> WorkloadEntry? { workloadsByUID[uid] }

    package func workload(named name: NamespacedName) -> WorkloadEntry? { workloadsByName[name] }

    package func workload(hostname: String) -> WorkloadEntry? { workloadsByHostname[hostname] }

    // MARK: - Services

    package func service(_ key: NamespacedName) -> ServiceEntry? { servicesByKey[key] }

    /// The service behind a virtual address, as a client of `namespace` sees it. An exact address beats a range.
    package func service(at ip: IPAddress, network: String = "", from namespace: String) -> ServiceEntry? {
        let exact = servicesByAddress[NetworkAddress(network: network, ip: ip)] ?? []
        if let service = exact.preferred(from: namespace) { return service }
        return service(inRangeOf: ip, from: namespace)
    }

    /// The service with this hostname, as a client of `namespace` sees it.
    package func service(hostname: String, from namespace: String) -> ServiceEntry? {
        servicesByHostname[hostname]?.preferred(from: namespace)
    }

    /// Ranked by: in the client's own namespace, the longest prefix, canonical.
    private func service(inRangeOf ip: IPAddress, from namespace: String) -> ServiceEntry? {
        var best: ServiceEntry?
        for length in servicesByNetwork.lengths(ip.family) {
            let candidates = servicesByNetwork.values(at: ip, length: length)
            guard let candidate = candidates?.preferred(from: namespace) else { continue }
            let isCloser = candidate.service.namespace == namespace && best?.service.namespace != namespace
            if best == nil || isCloser { best = candidate }
        }
        return best
    }

    // MARK: - Policies

    package func policy(_ key: NamespacedName) -> AuthorizationPolicy? { policiesByKey[key] }
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

/// The tables of a `Snapshot` while they are made.
private struct SnapshotIndex {
    let configuration: MeshConfiguration
    var policies: PolicyTables
    var workloadsByAddress: [NetworkAddress: WorkloadEntry] = [:]
    var workloadsByUID: [String: WorkloadEntry] = [:]
    var workloadsByHostname: [String: WorkloadEntry] = [:]
    var workloadsByName: [NamespacedName: WorkloadEntry] = [:]
    var servicesByAddress: [NetworkAddress: [ServiceEntry]] = [:]
    var servicesByNetwork = IPPrefixTable<ServiceEntry>()
    var servicesByKey: [NamespacedName: ServiceEntry] = [:]
    var servicesByHostname: [String: [ServiceEntry]] = [:]
    private var members: [NamespacedName: [WorkloadEntry]] = [:]

    init(_ configuration: MeshConfiguration) {
        self.configuration = configuration
        policies = PolicyTables(configuration.policies)
    }

    /// Of two workloads with one uid the last counts.
    mutating func addWorkloads() {
        for workload in configuration.workloads {
            workloadsByUID[workload.uid] = WorkloadEntry(workload, policies: policies.effective(for: workload))
        }
        for entry in workloadsByUID.values { add(entry) }
    }

    private mutating func add(_ entry: WorkloadEntry) {
        let workload = entry.workload
        if workload.networkMode != .hostNetwork {
            for ip in workload.addresses {
                workloadsByAddress.keepBetter(entry, for: NetworkAddress(network: workload.network, ip: ip))
            }
        }
        workloadsByName.keepBetter(entry, for: NamespacedName(namespace: workload.namespace, name: workload.name))
        if !workload.hostname.isEmpty { workloadsByHostname.keepBetter(entry, for: workload.hostname) }
        for service in workload.services.keys { members[service, default: []].append(entry) }
    }

    /// Of two services with one key the last counts. Equals among services are ordered by their keys.
    mutating func addServices() {
        for service in configuration.services {
            servicesByKey[service.key] = ServiceEntry(service, members: members[service.key] ?? [])
        }
        let ordered = servicesByKey.values.sorted {
            ($0.service.namespace, $0.service.hostname) < ($1.service.namespace, $1.service.hostname)
        }
        for entry in ordered {
            for address in entry.service.addresses { servicesByAddress[address, default: []].append(entry) }
            for network in entry.service.cidrAddresses { servicesByNetwork.insert(entry, for: network) }
            servicesByHostname[entry.service.hostname, default: []].append(entry)
        }
    }
}

extension Dictionary where Value == WorkloadEntry {
    fileprivate mutating func keepBetter(_ entry: WorkloadEntry, for key: Key) {
        if let present = self[key], present.precedes(entry) { return }
        self[key] = entry
    }
}
