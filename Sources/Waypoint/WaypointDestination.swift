package import Mesh

/// What a client wants of a waypoint: a service or a pod that is bound to it.
package enum WaypointDestination {
    /// The address is the one that the client named.
    case service(ServiceEntry, SocketAddress)
    case workload(WorkloadEntry, SocketAddress)

    /// Decides from what the client named as `authority`.
    /// - Parameters:
    ///   - waypoint: this proxy itself.
    ///   - ip: the address at which the client reached it.
    package init(
        authority: ConnectAuthority, at ip: IPAddress, waypoint: WorkloadEntry, network: String, snapshot: Snapshot
    ) throws(WaypointRefusal) {
        let namespace = waypoint.workload.namespace
        switch authority {
        case .hostname(let name, let port):
            guard let service = snapshot.service(hostname: name, from: namespace) else { throw .unknown(authority) }
            // Which of the families is meant, where there is no address, is that of the way here.
            self = .service(service, SocketAddress(.unspecified(ip.family), port))
        case .address(let address):
            if let service = snapshot.service(at: address.ip, network: network, from: namespace) {
                self = .service(service, address)
            } else if let workload = snapshot.workload(at: address.ip, network: network) {
                self = .workload(workload, address)
            } else {
                throw .unknown(authority)
            }
        }
        guard isBound(to: waypoint, at: ip, network, snapshot) else { throw .notBound(authority) }
    }

    private func isBound(to waypoint: WorkloadEntry, at ip: IPAddress, _ network: String, _ snapshot: Snapshot) -> Bool
    {
        switch self {
        case .service(let entry, _): entry.service.gateways.contains { snapshot.stands(waypoint, behind: $0) }
        case .workload(let entry, let address):
            snapshot.waypoint(at: ip, network: network, proving: waypoint.identity, for: entry, port: address.port)
                != nil
        }
    }
}

/// Why a waypoint takes a client nowhere.
package enum WaypointRefusal: Error, Hashable, Sendable {
    case unknown(ConnectAuthority)
    /// Going through this waypoint would go around another's policy.
    case notBound(ConnectAuthority)
}

extension WaypointRefusal: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unknown(let authority): "\(authority) is neither a service nor a workload of the mesh"
        case .notBound(let authority): "\(authority) is not bound to this waypoint"
        }
    }
}
