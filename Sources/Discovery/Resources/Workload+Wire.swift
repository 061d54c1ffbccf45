import Mesh
import SwiftProtobuf

extension Workload {
    init(wire: WireWorkload) throws(ResourceFault) {
        guard !wire.uid.isEmpty else { throw .missing("uid") }
        guard wire.uid.utf8.count <= DiscoveryLimits.nameBytes else {
            throw ResourceFault(field: "uid", problem: "has \(wire.uid.utf8.count) bytes")
        }
        self.init(uid: wire.uid, name: wire.name, namespace: wire.namespace)
        try readIdentity(wire)
        try readPlace(wire)
        try readTelemetry(wire)
        try readMembership(wire)
    }

    private mutating func readIdentity(_ wire: WireWorkload) throws(ResourceFault) {
        if !wire.serviceAccount.isEmpty { serviceAccount = wire.serviceAccount }
        if !wire.trustDomain.isEmpty { trustDomain = wire.trustDomain }
        guard SPIFFEIdentity(identity.description) == identity else {
            throw ResourceFault(
                field: "trust_domain, namespace and service_account",
                problem: "make \(identity.description.excerpt), which is no SPIFFE ID")
        }
    }

    private mutating func readPlace(_ wire: WireWorkload) throws(ResourceFault) {
        for (index, address) in wire.addresses.enumerated() {
            addresses.append(try IPAddress(wire: address, "addresses[\(index)]"))
        }
        hostname = wire.hostname
        network = wire.network
        node = wire.node
        if !wire.clusterID.isEmpty { clusterID = wire.clusterID }
        networkMode = try NetworkMode(wire: wire.networkMode)
        tunnelProtocol = try TunnelProtocol(wire: wire.tunnelProtocol)
        nativeTunnel = wire.nativeTunnel
        if wire.hasApplicationTunnel { applicationTunnel = try ApplicationTunnel(wire: wire.applicationTunnel) }
        if wire.hasWaypoint { waypoint = try GatewayAddress(wire: wire.waypoint, "waypoint") }
        if wire.hasNetworkGateway { networkGateway = try GatewayAddress(wire: wire.networkGateway, "network_gateway") }
        locality = Locality(region: wire.locality.region, zone: wire.locality.zone, subzone: wire.locality.subzone)
    }

    private mutating func readTelemetry(_ wire: WireWorkload) throws(ResourceFault) {
        workloadName = wire.workloadName
        workloadType = try Kind(wire: wire.workloadType)
        canonicalName = wire.canonicalName
        canonicalRevision = wire.canonicalRevision
    }

    private mutating func readMembership(_ wire: WireWorkload) throws(ResourceFault) {
        status = try Status(wire: wire.status)
        capacity = wire.hasCapacity ? wire.capacity.value : 1
        for (key, ports) in wire.services {
            let field = "services[\(key.excerpt)]"
            services[try NamespacedName(key: key, field)] = try Self.targets(ports, field)
        }
        for (index, key) in wire.authorizationPolicies.enumerated() {
            authorizationPolicies.append(try NamespacedName(key: key, "authorization_policies[\(index)]"))
        }
    }

    /// A port without a target is one that the workload does not have.
    private static func targets(_ wire: WirePortList, _ field: String) throws(ResourceFault) -> [UInt16: UInt16] {
        var targets: [UInt16: UInt16] = [:]
        for port in wire.ports {
            let number = try UInt16(wire: port.servicePort, "\(field).service_port")
            let target = try UInt16(wire: port.targetPort, "\(field).target_port", from: 0)
            if target != 0 { targets[number] = target }
        }
        return targets
    }
}

extension Workload {
    var wire: WireWorkload {
        .with {
            $0.uid = uid
            $0.name = name
            $0.namespace = namespace
            $0.serviceAccount = serviceAccount == Self.defaultServiceAccount ? "" : serviceAccount
            $0.trustDomain = trustDomain == Self.defaultTrustDomain ? "" : trustDomain
            writePlace(&$0)
            writeMembership(&$0)
        }
    }

    private func writePlace(_ wire: inout WireWorkload) {
        wire.addresses = addresses.map(\.wire)
        wire.hostname = hostname
        wire.network = network
        wire.node = node
        wire.clusterID = clusterID == Self.defaultClusterID ? "" : clusterID
        wire.networkMode = networkMode.wire
        wire.tunnelProtocol = tunnelProtocol.wire
        wire.nativeTunnel = nativeTunnel
        if let applicationTunnel { wire.applicationTunnel = applicationTunnel.wire }
        if let waypoint { wire.waypoint = waypoint.wire }
        if let networkGateway { wire.networkGateway = networkGateway.wire }
        if locality != Locality() {
            wire.locality.region = locality.region
            wire.locality.zone = locality.zone
            wire.locality.subzone = locality.subzone
        }
        wire.workloadName = workloadName
        wire.workloadType = workloadType.wire
        wire.canonicalName = canonicalName
        wire.canonicalRevision = canonicalRevision
    }

    private func writeMembership(_ wire: inout WireWorkload) {
        wire.status = status.wire
        if capacity != 1 { wire.capacity = .init(capacity) }
        for (key, targets) in services {
            wire.services[key.description] = .with {
                $0.ports = targets.sorted { $0.key < $1.key }.map { port, target in
                    .with {
                        $0.servicePort = UInt32(port)
                        $0.targetPort = UInt32(target)
                    }
                }
            }
        }
        wire.authorizationPolicies = authorizationPolicies.map(\.description)
    }

    private static let defaultServiceAccount = "default"
    private static let defaultTrustDomain = "cluster.local"
    private static let defaultClusterID = "Kubernetes"
}

// MARK: - Words

extension Workload.TunnelProtocol {
    fileprivate init(wire: WireTunnelProtocol) throws(ResourceFault) {
        switch wire {
        case .tunnelNone: self = .tcp
        case .hbone: self = .hbone
        case .legacyIstioMtls, .UNRECOGNIZED: throw .unknown("tunnel_protocol", wire.rawValue)
        }
    }

    fileprivate var wire: WireTunnelProtocol {
        switch self {
        case .tcp: .tunnelNone
        case .hbone: .hbone
        }
    }
}

extension Workload.NetworkMode {
    fileprivate init(wire: WireNetworkMode) throws(ResourceFault) {
        switch wire {
        case .standard: self = .standard
        case .hostNetwork: self = .hostNetwork
        case .UNRECOGNIZED: throw .unknown("network_mode", wire.rawValue)
        }
    }

    fileprivate var wire: WireNetworkMode {
        switch self {
        case .standard: .standard
        case .hostNetwork: .hostNetwork
        }
    }
}

extension Workload.Kind {
    fileprivate init(wire: WireWorkloadType) throws(ResourceFault) {
        switch wire {
        case .deployment: self = .deployment
        case .cronjob: self = .cronjob
        case .pod: self = .pod
        case .job: self = .job
        case .UNRECOGNIZED: throw .unknown("workload_type", wire.rawValue)
        }
    }

    fileprivate var wire: WireWorkloadType {
        switch self {
        case .deployment: .deployment
        case .cronjob: .cronjob
        case .pod: .pod
        case .job: .job
        }
    }
}

extension Workload.Status {
    fileprivate init(wire: WireWorkloadStatus) throws(ResourceFault) {
        switch wire {
        case .healthy: self = .healthy
        case .unhealthy: self = .unhealthy
        case .UNRECOGNIZED: throw .unknown("status", wire.rawValue)
        }
    }

    fileprivate var wire: WireWorkloadStatus {
        switch self {
        case .healthy: .healthy
        case .unhealthy: .unhealthy
        }
    }
}

extension ApplicationTunnel {
    fileprivate init(wire: WireApplicationTunnel) throws(ResourceFault) {
        let tunnelProtocol: TunnelProtocol
        switch wire.protocol {
        case .none: tunnelProtocol = .none
        case .proxy: tunnelProtocol = .proxy
        case .UNRECOGNIZED: throw .unknown("application_tunnel.protocol", wire.protocol.rawValue)
        }
        self.init(
            tunnelProtocol: tunnelProtocol, port: try UInt16(wire: wire.port, "application_tunnel.port", from: 0))
    }

    fileprivate var wire: WireApplicationTunnel {
        .with {
            switch tunnelProtocol {
            case .none: $0.protocol = .none
            case .proxy: $0.protocol = .proxy
            }
            $0.port = UInt32(port)
        }
    }
}
