import HashTreeCollections

/// The tables of a `Snapshot`. They are persistent: a copy shares with its original all that has not changed since.
struct SnapshotTables: Sendable {
    private(set) var workloadsByUID: TreeDictionary<String, WorkloadEntry> = [:]
    private(set) var workloadsByAddress: TreeDictionary<NetworkAddress, WorkloadClaims> = [:]
    private(set) var workloadsByName: TreeDictionary<NamespacedName, WorkloadClaims> = [:]
    private(set) var workloadsByHostname: TreeDictionary<String, WorkloadClaims> = [:]
    private(set) var servicesByKey: TreeDictionary<NamespacedName, ServiceEntry> = [:]
    /// Of one address or hostname in the order of their keys.
    private(set) var servicesByAddress: TreeDictionary<NetworkAddress, [ServiceEntry]> = [:]
    private(set) var servicesByHostname: TreeDictionary<String, [ServiceEntry]> = [:]
    /// In the order of their keys.
    private(set) var servicesByNetwork = IPPrefixTable<NamespacedName>()
    var policies = PolicyTables()

    /// Who says that it is an endpoint of a service, be that known or not.
    private var members: TreeDictionary<NamespacedName, Members> = [:]
    private var changedServices: Set<NamespacedName> = []

    // MARK: Workloads

    /// - Parameter isBroken: the last that was said of it was rejected.
    mutating func put(_ workload: Workload, isBroken: Bool = false, _ sharing: inout Sharing) {
        remove(workloadUID: workload.uid)
        let workload = sharing.share(workload)
        let entry = WorkloadEntry(
            workload, policyScope: policies.retain(PolicyScope(workload, isBroken: isBroken)),
            expectedIdentities: sharing.identities(workload.identity))
        workloadsByUID[workload.uid] = entry
        for address in entry.claimedAddresses { workloadsByAddress.add(entry, for: address) }
        workloadsByName.add(entry, for: entry.key)
        if !workload.hostname.isEmpty { workloadsByHostname.add(entry, for: workload.hostname) }
        for service in workload.services.keys {
            members[service, default: Members()].put(entry)
            changedServices.insert(service)
        }
    }

    mutating func remove(workloadUID uid: String) {
        guard let entry = workloadsByUID.removeValue(forKey: uid) else { return }
        policies.release(entry.policyScope)
        for address in entry.claimedAddresses { workloadsByAddress.remove(uid, for: address) }
        workloadsByName.remove(uid, for: entry.key)
        workloadsByHostname.remove(uid, for: entry.workload.hostname)
        for service in entry.workload.services.keys {
            members[service]?.remove(uid: uid)
            if members[service]?.isEmpty == true { members[service] = nil }
            changedServices.insert(service)
        }
    }

    // MARK: Services

    mutating func put(_ service: Service) {
        remove(service: service.key)
        file(ServiceEntry(service, admitted: WorkloadList()))
        for network in service.cidrAddresses { fileNetwork(network, service.key) }
        changedServices.insert(service.key)
    }

    mutating func remove(service key: NamespacedName) {
        guard let entry = servicesByKey.removeValue(forKey: key) else { return }
        for address in entry.service.addresses { servicesByAddress.remove(key, for: address) }
        servicesByHostname.remove(key, for: key.name)
        for network in entry.service.cidrAddresses { servicesByNetwork.remove(network) { $0 == key } }
    }

    private mutating func file(_ entry: ServiceEntry) {
        servicesByKey[entry.service.key] = entry
        for address in entry.service.addresses { servicesByAddress.put(entry, for: address) }
        servicesByHostname.put(entry, for: entry.service.hostname)
    }

    private mutating func fileNetwork(_ network: IPPrefix, _ key: NamespacedName) {
        var keys = servicesByNetwork.values(at: network.address, length: network.length) ?? []
        servicesByNetwork.remove(network) { _ in true }
        keys.insert(key, at: keys.partition { !$0.precedes(key) })
        for key in keys { servicesByNetwork.insert(key, for: network) }
    }

    // MARK: The end of a change

    /// Works out what depends on several resources, each once. Before that the tables are not consistent.
    mutating func finish() {
        for key in changedServices { updateEndpoints(of: key) }
        changedServices = []
        policies.finish()
    }

    private mutating func updateEndpoints(of key: NamespacedName) {
        guard let service = servicesByKey[key]?.service else { return }
        file(ServiceEntry(service, admitted: members[key]?.admitted(by: service) ?? WorkloadList()))
    }
}

/// The workloads behind one service.
private struct Members: Sendable {
    private var healthy = WorkloadList()
    private var unhealthy = WorkloadList()

    var isEmpty: Bool { healthy.count == 0 && unhealthy.count == 0 }

    mutating func put(_ entry: WorkloadEntry) {
        switch entry.workload.status {
        case .healthy: healthy.put(entry)
        case .unhealthy: unhealthy.put(entry)
        }
    }

    mutating func remove(uid: String) {
        healthy.remove(uid: uid)
        unhealthy.remove(uid: uid)
    }

    func admitted(by service: Service) -> WorkloadList {
        switch service.loadBalancing.healthPolicy {
        case .onlyHealthy: return healthy
        case .allowAll where unhealthy.count == 0: return healthy
        case .allowAll:
            return WorkloadList(
                sorted: (Array(healthy) + Array(unhealthy)).sorted { $0.workload.uid < $1.workload.uid })
        }
    }
}

extension WorkloadEntry {
    /// One in its node's network namespace has its node's address, which is not its own.
    fileprivate var claimedAddresses: [NetworkAddress] {
        guard workload.networkMode != .hostNetwork else { return [] }
        return workload.addresses.map { NetworkAddress(network: workload.network, ip: $0) }
    }

    fileprivate var key: NamespacedName { NamespacedName(namespace: workload.namespace, name: workload.name) }
}

extension TreeDictionary where Value == WorkloadClaims {
    fileprivate mutating func add(_ entry: WorkloadEntry, for key: Key) {
        let present = self[key]?.removing(uid: entry.workload.uid)
        self[key] = present?.adding(entry) ?? .one(entry)
    }

    fileprivate mutating func remove(_ uid: String, for key: Key) {
        guard let claims = self[key] else { return }
        self[key] = claims.removing(uid: uid)
    }
}

extension TreeDictionary where Value == [ServiceEntry] {
    fileprivate mutating func put(_ entry: ServiceEntry, for key: Key) {
        var entries = self[key] ?? []
        let place = entries.partition { !$0.service.key.precedes(entry.service.key) }
        if place < entries.count, entries[place].service.key == entry.service.key {
            entries[place] = entry
        } else {
            entries.insert(entry, at: place)
        }
        self[key] = entries
    }

    fileprivate mutating func remove(_ service: NamespacedName, for key: Key) {
        guard let rest = self[key]?.filter({ $0.service.key != service }) else { return }
        self[key] = rest.isEmpty ? nil : rest
    }
}
