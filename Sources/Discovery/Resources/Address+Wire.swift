import FoundationEssentials
import Mesh
import SwiftProtobuf

extension IPAddress {
    init(wire: Data, _ field: String) throws(ResourceFault) {
        guard let address = IPAddress(bytes: wire) else {
            throw ResourceFault(field: field, problem: "has \(wire.count) bytes, expected 4 or 16")
        }
        self = address
    }

    var wire: Data { Data(bytes) }
}

extension UInt16 {
    init(wire: UInt32, _ field: String, from lowest: UInt16 = 1) throws(ResourceFault) {
        guard let port = UInt16(exactly: wire), port >= lowest else {
            throw ResourceFault(field: field, problem: "is \(wire), expected \(lowest) to 65535")
        }
        self = port
    }
}

extension NamespacedName {
    init(key: String, _ field: String) throws(ResourceFault) {
        guard key.utf8.count <= DiscoveryLimits.nameBytes, let name = NamespacedName(key) else {
            throw ResourceFault(field: field, problem: "is \(key.excerpt), expected namespace/name")
        }
        self = name
    }
}

extension NetworkAddress {
    init(wire: WireNetworkAddress, _ field: String) throws(ResourceFault) {
        self.init(network: wire.network, ip: try IPAddress(wire: wire.address, "\(field).address"))
    }

    var wire: WireNetworkAddress {
        .with {
            $0.network = network
            $0.address = ip.wire
        }
    }
}

extension IPPrefix {
    init(address: Data, length: UInt32, _ field: String) throws(ResourceFault) {
        let address = try IPAddress(wire: address, "\(field).address")
        guard let prefix = IPPrefix(address, length: Int(length)) else {
            throw ResourceFault(
                field: "\(field).length", problem: "is \(length), expected at most \(address.bitCount)")
        }
        self = prefix
    }
}

extension GatewayAddress {
    /// A port of 0 is one that was not said.
    init(wire: WireGatewayAddress, _ field: String) throws(ResourceFault) {
        let destination: Destination
        switch wire.destination {
        case .address(let address):
            destination = .address(try NetworkAddress(wire: address, "\(field).address"))
        case .hostname(let hostname):
            guard !hostname.namespace.isEmpty, !hostname.hostname.isEmpty else { throw .missing("\(field).hostname") }
            destination = .hostname(NamespacedName(namespace: hostname.namespace, name: hostname.hostname))
        case nil: throw .missing("\(field).destination")
        }
        let port = wire.hboneMtlsPort == 0 ? UInt32(MeshPort.inboundHBONE) : wire.hboneMtlsPort
        self.init(destination: destination, hbonePort: try UInt16(wire: port, "\(field).hbone_mtls_port"))
    }

    var wire: WireGatewayAddress {
        .with {
            switch destination {
            case .address(let address): $0.address = address.wire
            case .hostname(let key):
                $0.hostname.namespace = key.namespace
                $0.hostname.hostname = key.name
            }
            $0.hboneMtlsPort = UInt32(hbonePort)
        }
    }
}
