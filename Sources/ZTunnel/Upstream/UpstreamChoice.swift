package import Mesh

/// Chooses where a captured connection goes: pure, from the configuration, the client and where it meant to go.
package struct UpstreamChoice {
    private let snapshot: Snapshot
    /// The network of this node.
    private let network: String
    private let client: WorkloadEntry
    /// The address that the client dialled from; a workload may have several.
    private let clientIP: IPAddress

    package init(snapshot: Snapshot, network: String, client: WorkloadEntry, clientIP: IPAddress) {
        self.snapshot = snapshot
        self.network = network
        self.client = client
        self.clientIP = clientIP
    }

    /// The service at `destination` comes before a workload there; what is neither is passed through.
    package func upstream(
        for destination: SocketAddress, random: inout some RandomNumberGenerator
    ) throws(UpstreamFailure) -> Upstream {
        try refuseLoop(to: destination)
        let namespace = client.workload.namespace
        if let service = snapshot.service(at: destination.ip, network: network, from: namespace) {
            return try upstream(for: destination, behind: service, &random)
        }
        guard let workload = snapshot.workload(at: destination.ip, network: network) else {
            return .passThrough(destination)
        }
        if let gateway = workload.workload.waypoint, !isClient(gateway) {
            return try waypoint(gateway, for: destination, service: nil, &random)
        }
        if let guardian = snapshot.guardian(of: workload, port: destination.port),
            let gateway = guardian.service.gateway(&random), !isClient(gateway)
        {
            return try waypoint(gateway, for: destination, service: nil, &random)
        }
        return try upstream(
            to: workload, port: destination.port, for: destination, service: nil,
            expectedIdentities: workload.expectedIdentities)
    }

    private func refuseLoop(to destination: SocketAddress) throws(UpstreamFailure) {
        guard MeshPort.isCapture(destination.port) else { return }
        if destination.ip.isLoopback || client.workload.addresses.contains(destination.ip) {
            throw .ownPort(destination)
        }
    }

    private func upstream(
        for destination: SocketAddress, behind service: ServiceEntry, _ random: inout some RandomNumberGenerator
    ) throws(UpstreamFailure) -> Upstream {
        if let gateway = service.service.gateway(&random) {
            return try waypoint(gateway, for: destination, service: service, &random)
        }
        return try endpoint(of: service, for: destination, &random)
    }

    /// Past the waypoints that the service or the workload may have: where its waypoint itself goes on to.
    package func upstream(
        behindWaypointOf service: ServiceEntry, for destination: SocketAddress,
        random: inout some RandomNumberGenerator
    ) throws(UpstreamFailure) -> Upstream {
        try endpoint(of: service, for: destination, &random)
    }

    package func upstream(
        behindWaypointOf workload: WorkloadEntry, for destination: SocketAddress
    ) throws(UpstreamFailure) -> Upstream {
        try upstream(
            to: workload, port: destination.port, for: destination, service: nil,
            expectedIdentities: workload.expectedIdentities)
    }

    private func endpoint(
        of service: ServiceEntry, for destination: SocketAddress, _ random: inout some RandomNumberGenerator
    ) throws(UpstreamFailure) -> Upstream {
        if service.service.loadBalancing.mode == .passthrough { return .passThrough(destination, service: service) }
        let balance = LoadBalance(service: service, port: destination.port, client: client, network: network)
        guard let chosen = balance.choose(&random) else {
            throw .noHealthyEndpoint(service: service.service.key, port: destination.port)
        }
        return try upstream(
            to: chosen.endpoint.entry, port: chosen.port, for: destination, service: service,
            expectedIdentities: chosen.endpoint.expectedIdentities)
    }

    private func upstream(
        to workload: WorkloadEntry, port: UInt16, for destination: SocketAddress, service: ServiceEntry?,
        expectedIdentities: [SPIFFEIdentity]
    ) throws(UpstreamFailure) -> Upstream {
        let families = service?.service.ipFamilies ?? .automatic
        guard let ip = workload.workload.address(for: destination.ip, families) else {
            throw .noAddress(workload: workload.workload.uid)
        }
        let application = SocketAddress(ip, port)
        guard workload.workload.tunnelProtocol == .hbone else {
            return Upstream(address: application, transport: .direct, workload: workload, service: service)
        }
        // The other side would refuse it as well.
        if MeshPort.isCapture(port) { throw .ownPort(application) }
        return Upstream(
            address: SocketAddress(ip, MeshPort.inboundHBONE),
            transport: .tunnel(authority: .address(application), expectedIdentities: expectedIdentities),
            workload: workload, service: service)
    }
}

// MARK: - Waypoints

extension UpstreamChoice {
    /// A tunnel to one of the waypoint's endpoints, which is told the destination as the client gave it.
    private func waypoint(
        _ gateway: GatewayAddress, for destination: SocketAddress, service: ServiceEntry?,
        _ random: inout some RandomNumberGenerator
    ) throws(UpstreamFailure) -> Upstream {
        guard let (endpoint, port) = endpoint(of: gateway, &random),
            let ip = endpoint.entry.workload.address(for: destination.ip, .automatic)
        else { throw .waypointNotFound(gateway.destination.description) }
        return Upstream(
            address: SocketAddress(ip, port),
            transport: .tunnel(
                authority: .address(destination), expectedIdentities: endpoint.expectedIdentities),
            workload: endpoint.entry, service: service, isWaypoint: true)
    }

    private func endpoint(
        of gateway: GatewayAddress, _ random: inout some RandomNumberGenerator
    ) -> (endpoint: Endpoint, port: UInt16)? {
        if let service = service(of: gateway) {
            return LoadBalance(
                service: service, port: gateway.hbonePort, client: client, network: network, isWaypoint: true
            ).choose(&random)
        }
        return workload(of: gateway).map { (Endpoint(entry: $0), gateway.hbonePort) }
    }

    private func service(of gateway: GatewayAddress) -> ServiceEntry? {
        switch gateway.destination {
        case .hostname(let key): return snapshot.service(key)
        case .address(let address):
            return snapshot.service(at: address.ip, network: address.network, from: client.workload.namespace)
        }
    }

    private func workload(of gateway: GatewayAddress) -> WorkloadEntry? {
        let found: WorkloadEntry?
        switch gateway.destination {
        case .hostname(let key): found = snapshot.workload(hostname: key.name)
        case .address(let address): found = snapshot.workload(at: address.ip, network: address.network)
        }
        return found?.workload.network == network ? found : nil
    }

    /// Whether the client is that waypoint itself, by identity and by address.
    private func isClient(_ gateway: GatewayAddress) -> Bool {
        snapshot.stands(client, behind: gateway) && client.workload.addresses.contains(clientIP)
    }
}

extension Service {
    /// The waypoint of one connection: by shares where any has weight, else the one for all.
    fileprivate func gateway(_ random: inout some RandomNumberGenerator) -> GatewayAddress? {
        let total = weightedWaypoints.reduce(0 as UInt64) { $0 + UInt64($1.weight) }
        guard total > 0 else { return waypoint }
        var left = UInt64.random(in: 0..<total, using: &random)
        for share in weightedWaypoints {
            if left < share.weight { return share.destination }
            left -= UInt64(share.weight)
        }
        return waypoint
    }
}

extension GatewayAddress.Destination {
    fileprivate var description: String {
        switch self {
        case .address(let address): return address.description
        case .hostname(let key): return key.description
        }
    }
}

extension Workload {
    /// The requested address if it has it; else one of the families that are asked for, of the same family if it can
    /// be.
    fileprivate func address(for requested: IPAddress, _ families: Service.IPFamilies) -> IPAddress? {
        if addresses.contains(requested) { return requested }
        return addresses.first { $0.family == requested.family && families.include($0.family) }
            ?? addresses.first { families.include($0.family) }
    }
}

extension Service.IPFamilies {
    fileprivate func include(_ family: IPAddress.Family) -> Bool {
        switch self {
        case .automatic, .dual: return true
        case .ipv4Only: return family == .v4
        case .ipv6Only: return family == .v6
        }
    }
}
