package import Discovery
import Mesh

/// All that proxies can be told, by type, with what is needed to answer who asks for single names.
package struct PublishedWorld: Sendable {
    /// The last change that was taken in, whether or not it changed a resource.
    package private(set) var version = WorldVersion.none
    package private(set) var addresses = ResourceJournal()
    package private(set) var authorizations = ResourceJournal()

    /// Names by what else they may be asked for. Two workloads may claim one address.
    private var namesByAlias: [String: Set<String>] = [:]
    private var workloadsByService: [String: Set<String>] = [:]
    private var workloadsByNode: [String: Set<String>] = [:]
    /// Services and workloads whose connections may go through it.
    private var namesByWaypoint: [String: Set<String>] = [:]
    private var capturedByNode: [String: Int] = [:]

    package init() {}

    package subscript(type: ResourceType) -> ResourceJournal {
        type == .authorization ? authorizations : addresses
    }

    /// Takes in what a change to the model has made different.
    package mutating func apply(_ changes: LiveTranslation.Changes) {
        version = version.next
        for (key, policy) in changes.policies {
            guard let policy else {
                authorizations.remove(key.description, at: version)
                continue
            }
            publish(.policy(policy), as: .authorization)
        }
        for (key, service) in changes.services {
            service.map { publish(.service($0), as: .address) } ?? withdrawAddress(key.description)
        }
        for (uid, workload) in changes.workloads {
            workload.map { publish(.workload($0), as: .address) } ?? withdrawAddress(uid)
        }
    }

    /// Those that a name stands for: a key, or an alias of one or more. Sorted by name.
    package func addresses(named name: String) -> [PublishedResource] {
        if let resource = addresses.resources[name] { return [resource] }
        return (namesByAlias[name] ?? []).sorted().compactMap { addresses.resources[$0] }
    }

    package func workloads(ofService key: String) -> Set<String> { workloadsByService[key] ?? [] }

    package func workloads(onNode node: String) -> Set<String> { node.isEmpty ? [] : workloadsByNode[node] ?? [] }

    /// What a waypoint needs: what is bound to it, the workloads of that, and itself.
    func names(in scope: WaypointScope) -> Set<String> {
        let bound = (namesByWaypoint[scope.service] ?? []).union([scope.service])
        return bound.reduce(into: bound.union([scope.workload])) { $0.formUnion(workloads(ofService: $1)) }
    }

    /// Whether it is among them.
    func contains(_ resource: PublishedResource, in scope: WaypointScope) -> Bool {
        resource.name == scope.service || resource.name == scope.workload
            || resource.waypoints.contains(scope.service)
            || resource.services.contains { service in
                service == scope.service
                    || addresses.resources[service]?.waypoints.contains(scope.service) == true
            }
    }

    /// Nodes with workloads that their proxy serves.
    package var capturedNodes: Set<String> { Set(capturedByNode.keys) }

    /// Removals up to here are known to every subscriber.
    package mutating func forgetRemovals(through version: WorldVersion) {
        addresses.forgetRemovals(through: version)
        authorizations.forgetRemovals(through: version)
    }

    // MARK: Publishing

    private mutating func publish(_ resource: MeshResource, as type: ResourceType) {
        let published = PublishedResource(
            DiscoveryResource(resource, as: type), since: version, services: resource.services, node: resource.node,
            isCaptured: resource.isCaptured, waypoints: resource.waypoints)
        guard type == .address else { return authorizations.upsert(published) }
        if let old = addresses.resources[published.name] { unindex(old) }
        addresses.upsert(published)
        index(published)
    }

    private mutating func withdrawAddress(_ name: String) {
        if let gone = addresses.remove(name, at: version) { unindex(gone) }
    }

    private mutating func index(_ resource: PublishedResource) {
        for alias in resource.aliases { namesByAlias[alias, default: []].insert(resource.name) }
        for service in resource.services { workloadsByService[service, default: []].insert(resource.name) }
        for waypoint in resource.waypoints { namesByWaypoint[waypoint, default: []].insert(resource.name) }
        guard !resource.node.isEmpty else { return }
        workloadsByNode[resource.node, default: []].insert(resource.name)
        if resource.isCaptured { capturedByNode[resource.node, default: 0] += 1 }
    }

    private mutating func unindex(_ resource: PublishedResource) {
        for alias in resource.aliases { namesByAlias.remove(resource.name, under: alias) }
        for service in resource.services { workloadsByService.remove(resource.name, under: service) }
        for waypoint in resource.waypoints { namesByWaypoint.remove(resource.name, under: waypoint) }
        workloadsByNode.remove(resource.name, under: resource.node)
        guard resource.isCaptured, let count = capturedByNode[resource.node] else { return }
        capturedByNode[resource.node] = count > 1 ? count - 1 : nil
    }
}

extension MeshResource {
    fileprivate var services: [String] {
        guard case .workload(let workload) = self else { return [] }
        return workload.services.keys.map(\.description)
    }

    fileprivate var node: String {
        guard case .workload(let workload) = self else { return "" }
        return workload.node
    }
}

extension MeshResource {
    fileprivate var waypoints: [String] {
        let destinations: [GatewayAddress?] =
            switch self {
            case .workload(let workload): [workload.waypoint]
            case .service(let service): service.gateways
            case .policy: []
            }
        return Set(destinations.compactMap { $0?.hostname?.description }).sorted()
    }

    fileprivate var isCaptured: Bool {
        guard case .workload(let workload) = self else { return false }
        return workload.tunnelProtocol == .hbone && !workload.nativeTunnel
    }
}

extension GatewayAddress {
    fileprivate var hostname: NamespacedName? {
        guard case .hostname(let name) = destination else { return nil }
        return name
    }
}

extension [String: Set<String>] {
    /// Without empty sets left behind.
    fileprivate mutating func remove(_ member: String, under key: String) {
        self[key]?.remove(member)
        if self[key]?.isEmpty == true { self[key] = nil }
    }
}
