import Discovery
import Mesh

extension Kubernetes.ServiceEntry {
    var yaml: YAMLNode {
        .fields([
            "hosts": .list(hosts.map { .text($0) }), "addresses": .unlessEmpty(addresses.map(\.description)),
            "ports": .unlessEmpty(ports.map(\.yaml)), "location": .text(location.rawValue),
            "resolution": .text(resolution.rawValue), "endpoints": .unlessEmpty(endpoints.map(\.yaml)),
            "workloadSelector": selector.map { .fields(["labels": .map($0)]) },
            "subjectAltNames": .unlessEmpty(subjectAltNames), "exportTo": .unlessEmpty(exportTo),
        ])
    }

    var statusYAML: YAMLNode? {
        guard !allocatedAddresses.isEmpty else { return nil }
        return .fields([
            "addresses": .list(
                allocatedAddresses.map {
                    .fields(["value": .text($0.value.description), "host": .unlessEmpty($0.host)])
                })
        ])
    }
}

extension Kubernetes.ServiceEntry.Port {
    fileprivate var yaml: YAMLNode {
        .fields([
            "name": .text(name), "number": .literal(number), "protocol": .unlessEmpty(protocolName),
            "targetPort": targetPort == 0 ? nil : .literal(targetPort),
        ])
    }
}

extension Kubernetes.WorkloadEndpoint {
    var yaml: YAMLNode {
        let numbers = ports.sorted { $0.key < $1.key }.map {
            YAMLEntry(key: YAMLScalar(text: $0.key, style: .quoted), value: .literal($0.value))
        }
        return .fields([
            "address": .unlessEmpty(address.text), "ports": numbers.isEmpty ? nil : YAMLNode(.mapping(numbers)),
            "labels": .unlessEmpty(labels), "network": .unlessEmpty(network), "locality": .unlessEmpty(locality),
            "weight": weight == 0 ? nil : .literal(weight), "serviceAccount": .unlessEmpty(serviceAccount),
        ])
    }
}

extension Kubernetes.WorkloadEndpoint.Address {
    var text: String {
        switch self {
        case .none: ""
        case .ip(let ip): ip.description
        case .hostname(let name): name
        case .socket(let path): "unix://\(path)"
        }
    }
}
