/// Who is a waypoint, and for whom.
extension Snapshot {
    /// Whether a workload is one of those that a gateway's address leads to, be it healthy or not.
    package func stands(_ candidate: WorkloadEntry, behind gateway: GatewayAddress) -> Bool {
        let workload = candidate.workload
        switch gateway.destination {
        case .hostname(let key): return workload.services[key] != nil || workload.hostname == key.name
        case .address(let address):
            if workload.network == address.network, workload.addresses.contains(address.ip) { return true }
            let service = service(at: address.ip, network: address.network, from: workload.namespace)
            return service.map { workload.services[$0.service.key] != nil } ?? false
        }
    }

    /// Whether HBONE is spoken at a workload: by its node, by itself, or since it is behind a waypoint's service.
    package func takesTunnels(_ entry: WorkloadEntry) -> Bool {
        let workload = entry.workload
        guard workload.tunnelProtocol != .hbone, !workload.nativeTunnel else { return true }
        return workload.services.keys.contains { service($0)?.service.ports[MeshPort.inboundHBONE] != nil }
    }

    /// The waypoint that a peer is, by the identity that it has proven and the address that it came from, if one is bound
    /// to `destination` as a workload or to a service that leads to its `port`. What it says of its client may be believed.
    package func waypoint(
        at ip: IPAddress, network: String, proving identity: SPIFFEIdentity, for destination: WorkloadEntry,
        port: UInt16
    ) -> WorkloadEntry? {
        guard let peer = workload(at: ip, network: network), peer.identity == identity else { return nil }
        if let gateway = destination.workload.waypoint, stands(peer, behind: gateway) { return peer }
        let isBound = destination.workload.services.contains { key, ports in
            guard let service = service(key)?.service, service.leads(to: port, by: ports) else { return false }
            return service.gateways.contains { stands(peer, behind: $0) }
        }
        return isBound ? peer : nil
    }

    /// The service whose waypoint takes what is meant for a guarded port of a workload itself: of several, the first by key.
    package func guardian(of entry: WorkloadEntry, port: UInt16) -> ServiceEntry? {
        let workload = entry.workload
        guard workload.isGuarded(port) else { return nil }
        let bound = workload.services.filter { key, ports in
            guard let service = service(key)?.service, service.waypoint != nil else { return false }
            return service.leads(to: port, by: ports)
        }
        return bound.keys.min { $0.precedes($1) }.flatMap(service)
    }
}

extension Service {
    /// Every waypoint that may bring what is meant for it. One without weight gets none, or none any longer.
    package var gateways: [GatewayAddress] { [waypoint].compactMap(\.self) + weightedWaypoints.map(\.destination) }

    /// Whether one of its ports is `port` of the workload whose own map is `targets`.
    package func leads(to port: UInt16, by targets: [UInt16: UInt16]) -> Bool {
        ports.contains { number, service in
            let own = targets[number] ?? 0
            return (own > 0 ? own : service.target) == port
        }
    }
}
