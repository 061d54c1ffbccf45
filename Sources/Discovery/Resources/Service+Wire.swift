import Mesh
import SwiftProtobuf

extension Service {
    init(wire: WireService) throws(ResourceFault) {
        guard !wire.namespace.isEmpty else { throw .missing("namespace") }
        guard !wire.hostname.isEmpty else { throw .missing("hostname") }
        self.init(name: wire.name, namespace: wire.namespace, hostname: wire.hostname)
        guard key.description.utf8.count <= DiscoveryLimits.nameBytes else {
            throw ResourceFault(field: "namespace/hostname", problem: "has \(key.description.utf8.count) bytes")
        }
        try readAddresses(wire)
        try readPorts(wire)
        subjectAltNames = wire.subjectAltNames
        if wire.hasWaypoint { waypoint = try GatewayAddress(wire: wire.waypoint, "waypoint") }
        for (index, waypoint) in wire.weightedWaypoints.enumerated() {
            let field = "weighted_waypoints[\(index)].destination"
            guard waypoint.hasDestination else { throw .missing(field) }
            weightedWaypoints.append(
                WeightedWaypoint(
                    destination: try GatewayAddress(wire: waypoint.destination, field), weight: waypoint.weight))
        }
        loadBalancing = try LoadBalancing(wire: wire.loadBalancing)
        ipFamilies = try IPFamilies(wire: wire.ipFamilies)
        isCanonical = wire.canonical
        visibility = wire.visibility == .visibleToNamespace ? .namespace : .everywhere
    }

    private mutating func readAddresses(_ wire: WireService) throws(ResourceFault) {
        for (index, address) in wire.addresses.enumerated() {
            let field = "addresses[\(index)]"
            if address.hasLength {
                cidrAddresses.append(try IPPrefix(address: address.address, length: address.length, field))
            } else {
                addresses.append(try NetworkAddress(wire: address, field))
            }
        }
    }

    /// One number may stand there for two transports; the last counts.
    private mutating func readPorts(_ wire: WireService) throws(ResourceFault) {
        for (index, port) in wire.ports.enumerated() {
            let field = "ports[\(index)]"
            let number = try UInt16(wire: port.servicePort, "\(field).service_port")
            ports[number] = Port(
                target: try UInt16(wire: port.targetPort, "\(field).target_port", from: 0),
                appProtocol: try AppProtocol(wire: port.appProtocol, "\(field).app_protocol"))
        }
    }

    var wire: WireService {
        .with {
            $0.name = name
            $0.namespace = namespace
            $0.hostname = hostname
            $0.addresses = addresses.map(\.wire) + cidrAddresses.map(\.networkWire)
            $0.ports = ports.sorted { $0.key < $1.key }.map { number, port in
                .with {
                    $0.servicePort = UInt32(number)
                    $0.targetPort = UInt32(port.target)
                    $0.appProtocol = port.appProtocol.wire
                }
            }
            $0.subjectAltNames = subjectAltNames
            if let waypoint { $0.waypoint = waypoint.wire }
            $0.weightedWaypoints = weightedWaypoints.map { waypoint in
                .with {
                    $0.destination = waypoint.destination.wire
                    $0.weight = waypoint.weight
                }
            }
            if loadBalancing != LoadBalancing() { $0.loadBalancing = loadBalancing.wire }
            $0.ipFamilies = ipFamilies.wire
            $0.canonical = isCanonical
            $0.visibility = visibility == .namespace ? .visibleToNamespace : .public
        }
    }
}

extension IPPrefix {
    fileprivate var networkWire: WireNetworkAddress {
        .with {
            $0.address = address.wire
            $0.length = UInt32(length)
        }
    }
}

// MARK: - Words

extension Service.AppProtocol {
    fileprivate init(wire: WireAppProtocol, _ field: String) throws(ResourceFault) {
        switch wire {
        case .unknown: self = .unknown
        case .http11: self = .http11
        case .http2: self = .http2
        case .grpc: self = .grpc
        case .tcp: self = .tcp
        case .tls: self = .tls
        case .UNRECOGNIZED: throw .unknown(field, wire.rawValue)
        }
    }

    fileprivate var wire: WireAppProtocol {
        switch self {
        case .unknown: .unknown
        case .http11: .http11
        case .http2: .http2
        case .grpc: .grpc
        case .tcp: .tcp
        case .tls: .tls
        }
    }
}

extension Service.IPFamilies {
    fileprivate init(wire: WireIPFamilies) throws(ResourceFault) {
        switch wire {
        case .automatic: self = .automatic
        case .ipv4Only: self = .ipv4Only
        case .ipv6Only: self = .ipv6Only
        case .dual: self = .dual
        case .UNRECOGNIZED: throw .unknown("ip_families", wire.rawValue)
        }
    }

    fileprivate var wire: WireIPFamilies {
        switch self {
        case .automatic: .automatic
        case .ipv4Only: .ipv4Only
        case .ipv6Only: .ipv6Only
        case .dual: .dual
        }
    }
}

extension LoadBalancing {
    fileprivate init(wire: WireLoadBalancing) throws(ResourceFault) {
        self.init()
        for scope in wire.routingPreference {
            // One that says nothing narrows nothing.
            if let scope = try Scope(wire: scope) { routingPreference.append(scope) }
        }
        switch wire.mode {
        case .unspecifiedMode: mode = .standard
        case .strict: mode = .strict
        case .failover: mode = .failover
        case .passthrough: mode = .passthrough
        case .UNRECOGNIZED: throw .unknown("load_balancing.mode", wire.mode.rawValue)
        }
        switch wire.healthPolicy {
        case .onlyHealthy: healthPolicy = .onlyHealthy
        case .allowAll: healthPolicy = .allowAll
        case .UNRECOGNIZED: throw .unknown("load_balancing.health_policy", wire.healthPolicy.rawValue)
        }
    }

    fileprivate var wire: WireLoadBalancing {
        .with {
            $0.routingPreference = routingPreference.map(\.wire)
            switch mode {
            case .standard: $0.mode = .unspecifiedMode
            case .strict: $0.mode = .strict
            case .failover: $0.mode = .failover
            case .passthrough: $0.mode = .passthrough
            }
            switch healthPolicy {
            case .onlyHealthy: $0.healthPolicy = .onlyHealthy
            case .allowAll: $0.healthPolicy = .allowAll
            }
        }
    }
}

extension LoadBalancing.Scope {
    fileprivate init?(wire: WireLoadBalancing.Scope) throws(ResourceFault) {
        switch wire {
        case .unspecifiedScope: return nil
        case .region: self = .region
        case .zone: self = .zone
        case .subzone: self = .subzone
        case .node: self = .node
        case .cluster: self = .cluster
        case .network: self = .network
        case .UNRECOGNIZED: throw .unknown("load_balancing.routing_preference", wire.rawValue)
        }
    }

    fileprivate var wire: WireLoadBalancing.Scope {
        switch self {
        case .region: .region
        case .zone: .zone
        case .subzone: .subzone
        case .node: .node
        case .cluster: .cluster
        case .network: .network
        }
    }
}
