package import Mesh

/// Chooses one of a service's endpoints for one client, at random by their capacity.
package struct LoadBalance {
    package typealias Chosen = (endpoint: Endpoint, port: UInt16)

    private let entry: ServiceEntry
    private let port: UInt16
    private let client: WorkloadEntry
    private let network: String
    private let isWaypoint: Bool

    /// - Parameters:
    ///   - network: this node's; endpoints elsewhere cannot be dialled.
    ///   - isWaypoint: the service is a waypoint's, whose endpoints need not list the tunnel's port.
    package init(service: ServiceEntry, port: UInt16, client: WorkloadEntry, network: String, isWaypoint: Bool = false)
    {
        entry = service
        self.port = port
        self.client = client
        self.network = network
        self.isWaypoint = isWaypoint
    }

    /// Nil when no endpoint will do.
    package func choose(_ random: inout some RandomNumberGenerator) -> Chosen? {
        guard isWaypoint || entry.service.ports[port] != nil else { return nil }
        let mode = entry.service.loadBalancing.mode
        if mode != .strict && mode != .failover, let chosen = chooseAtOnce(&random) { return chosen }
        return chooseAmongBest(&random)
    }

    /// One draw among all. When it falls on an endpoint that will not do, `chooseAmongBest` draws among those that
    /// will, which together gives each its share. Nil then.
    private func chooseAtOnce(_ random: inout some RandomNumberGenerator) -> Chosen? {
        let endpoints = entry.endpoints
        guard endpoints.capacity > 0 else { return nil }
        let endpoint = endpoints.endpoint(atCapacity: .random(in: 0..<endpoints.capacity, using: &random))
        return targetPort(of: endpoint).map { (endpoint, $0) }
    }

    private func chooseAmongBest(_ random: inout some RandomNumberGenerator) -> Chosen? {
        var bestRank = -1
        var total: UInt64 = 0
        forEachCandidate { endpoint, _, rank in
            guard rank >= bestRank else { return }
            total = (rank > bestRank ? 0 : total) + UInt64(endpoint.entry.workload.capacity)
            bestRank = rank
        }
        guard total > 0 else { return nil }
        var left = UInt64.random(in: 0..<total, using: &random)
        var chosen: Chosen?
        forEachCandidate { endpoint, port, rank in
            let capacity = UInt64(endpoint.entry.workload.capacity)
            guard chosen == nil, rank == bestRank else { return }
            if left < capacity { chosen = (endpoint, port) } else { left -= capacity }
        }
        return chosen
    }

    private func forEachCandidate(_ body: (Endpoint, UInt16, Int) -> Void) {
        for endpoint in entry.endpoints {
            guard let port = targetPort(of: endpoint), let rank = rank(of: endpoint.entry.workload) else { continue }
            body(endpoint, port, rank)
        }
    }

    /// Nil when the endpoint cannot be dialled, or not on this port.
    private func targetPort(of endpoint: Endpoint) -> UInt16? {
        let workload = endpoint.entry.workload
        guard workload.network == network, !workload.addresses.isEmpty else { return nil }
        if let port = endpoint.ports[port], port > 0 { return port }
        if let target = entry.service.ports[port]?.target, target > 0 { return target }
        return workload.applicationTunnel == nil ? nil : port
    }

    /// How near an endpoint is to the client: higher is nearer. Nil when the service insists on nearer ones.
    private func rank(of workload: Workload) -> Int? {
        let balancing = entry.service.loadBalancing
        let scopes = balancing.routingPreference
        switch balancing.mode {
        case .standard, .passthrough: return 0
        case .strict: return scopes.allSatisfy { isShared($0, with: workload) } ? 0 : nil
        case .failover:
            // A network in first place outweighs all that comes after it, and does not end the comparison.
            guard scopes.first == .network else { return leadingMatches(scopes[...], with: workload) }
            let bonus = isShared(.network, with: workload) ? scopes.count : 0
            return bonus + leadingMatches(scopes.dropFirst(), with: workload)
        }
    }

    private func leadingMatches(_ scopes: ArraySlice<LoadBalancing.Scope>, with workload: Workload) -> Int {
        scopes.prefix { isShared($0, with: workload) }.count
    }

    private func isShared(_ scope: LoadBalancing.Scope, with workload: Workload) -> Bool {
        let client = client.workload
        switch scope {
        case .region: return client.locality.region == workload.locality.region
        case .zone: return client.locality.zone == workload.locality.zone
        case .subzone: return client.locality.subzone == workload.locality.subzone
        case .node: return client.node == workload.node
        case .cluster: return client.clusterID == workload.clusterID
        case .network: return client.network == workload.network
        }
    }
}
