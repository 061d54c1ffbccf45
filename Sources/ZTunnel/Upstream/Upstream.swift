package import Mesh

/// Where a captured connection goes on to, and how.
package struct Upstream: Sendable {
    package enum Transport: Hashable, Sendable {
        /// A CONNECT for `authority` through mutual TLS, whose other end must prove one of the identities.
        case tunnel(authority: ConnectAuthority, expectedIdentities: [SPIFFEIdentity])
        /// Plain TCP.
        case direct
    }

    /// What to dial: a tunnel's port for a tunnel.
    package var address: SocketAddress
    package var transport: Transport
    /// The workload that is dialled; nil when the destination is outside the mesh.
    package var workload: WorkloadEntry?
    /// The service that the client meant.
    package var service: ServiceEntry?
    package var isWaypoint = false

    /// Outside the mesh, or to be left alone.
    static func passThrough(_ destination: SocketAddress, service: ServiceEntry? = nil) -> Upstream {
        Upstream(address: destination, transport: .direct, workload: nil, service: service)
    }
}

/// Why a captured connection goes nowhere.
package enum UpstreamFailure: Error, Hashable, Sendable {
    /// The client asked for one of our own ports, which would lead back here.
    case ownPort(SocketAddress)
    /// No endpoint is healthy, reachable and has the port.
    case noHealthyEndpoint(service: NamespacedName, port: UInt16)
    /// The destination has a waypoint, and it cannot be found: going around it would go around its policy.
    case waypointNotFound(String)
    /// The workload has no address that can be dialled.
    case noAddress(workload: String)
}

extension UpstreamFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .ownPort(let address): return "\(address) is a port of the mesh itself"
        case .noHealthyEndpoint(let service, let port): return "no healthy upstream: service \(service) port \(port)"
        case .waypointNotFound(let waypoint): return "waypoint \(waypoint) is not known or has no healthy endpoint"
        case .noAddress(let workload): return "workload \(workload) has no address"
        }
    }
}
