package import Mesh

/// Where a CONNECT that arrived for a workload is to be taken: to which of its ports.
package struct InboundDestination: Sendable {
    /// The application; policy judges by this address.
    package var address: SocketAddress
    /// The service that the client named.
    package var service: ServiceEntry?

    /// Decides from what the client named as `authority`, and `localIP`, the address at which its connection arrived.
    package init(
        authority: ConnectAuthority, localIP: IPAddress, workload: WorkloadEntry, snapshot: Snapshot
    ) throws(InboundRefusal) {
        try self.init(resolving: authority, localIP, workload, snapshot)
        if let tunnel = workload.workload.applicationTunnel {
            guard tunnel.tunnelProtocol == .none else { throw .applicationTunnelUnsupported }
            if tunnel.port > 0 { address.port = tunnel.port }
        }
        if MeshPort.isCapture(address.port) { throw .ownPort(address.port) }
    }

    private init(
        resolving authority: ConnectAuthority, _ localIP: IPAddress, _ entry: WorkloadEntry, _ snapshot: Snapshot
    ) throws(InboundRefusal) {
        switch authority {
        case .address(let named):
            guard named.ip == localIP || entry.workload.applicationTunnel != nil else {
                throw .foreignAddress(named.ip)
            }
            address = SocketAddress(localIP, named.port)
        case .hostname(let name, let port):
            guard let service = snapshot.service(hostname: name, from: entry.workload.namespace),
                let ports = entry.workload.services[service.service.key]
            else { throw .unknownHostname(name) }
            let target = ports[port] ?? service.service.ports[port]?.target ?? 0
            guard target > 0 else { throw .unknownPort(port, of: name) }
            address = SocketAddress(localIP, target)
            self.service = service
        }
    }
}

/// Why a CONNECT is refused before policy is asked.
package enum InboundRefusal: Error, Hashable, Sendable {
    /// The authority names another host than the one at which the connection arrived.
    case foreignAddress(IPAddress)
    /// No service of that name has this workload as its endpoint.
    case unknownHostname(String)
    case unknownPort(UInt16, of: String)
    /// A port of ours: it would lead back here.
    case ownPort(UInt16)
    /// The application expects a PROXY protocol header, which is not spoken yet.
    case applicationTunnelUnsupported

    /// The answer's HTTP status.
    package var status: Int {
        switch self {
        case .foreignAddress: return 400
        case .unknownHostname, .unknownPort, .ownPort, .applicationTunnelUnsupported: return 503
        }
    }
}

extension InboundRefusal: CustomStringConvertible {
    package var description: String {
        switch self {
        case .foreignAddress(let ip): return "authority \(ip) is not this workload"
        case .unknownHostname(let name): return "authority \(name) is no service of this workload"
        case .unknownPort(let port, let name): return "service \(name) has no port \(port)"
        case .ownPort(let port): return "port \(port) is a port of the mesh itself"
        case .applicationTunnelUnsupported: return "the application tunnel's protocol is not supported"
        }
    }
}
