import Discovery
import Mesh

extension Kubernetes.Gateway {
    var yaml: YAMLNode {
        .fields([
            "gatewayClassName": .text(className), "listeners": .unlessEmpty(listeners.map(\.yaml)),
            "addresses": .unlessEmpty(addresses.map(\.yaml)), "infrastructure": infrastructure,
        ])
    }

    var statusYAML: YAMLNode? {
        statusAddresses.isEmpty ? nil : .fields(["addresses": .list(statusAddresses.map(\.yaml))])
    }

    private var infrastructure: YAMLNode? {
        guard infrastructureLabels != nil || infrastructureAnnotations != nil || parameters != nil else { return nil }
        return .fields([
            "labels": infrastructureLabels.map { .map($0) }, "annotations": infrastructureAnnotations.map { .map($0) },
            "parametersRef": parameters.map {
                .fields(["group": .text(""), "kind": .text("ConfigMap"), "name": .text($0)])
            },
        ])
    }
}

extension Kubernetes.Gateway.Address {
    var yaml: YAMLNode { .fields(["type": .text(type.text), "value": .text(value)]) }
}

extension Kubernetes.Gateway.Listener {
    fileprivate var yaml: YAMLNode {
        .fields([
            "name": .text(name), "port": .literal(port), "protocol": .text(protocolName),
            "hostname": .unlessEmpty(hostname),
            "allowedRoutes": .fields([
                "namespaces": allowedNamespaces.yaml,
                "kinds": .unlessEmpty(kinds.map { .fields(["group": .text($0.group), "kind": .text($0.kind)]) }),
            ]),
        ])
    }
}

extension Kubernetes.Gateway.AllowedNamespaces {
    fileprivate var yaml: YAMLNode {
        switch self {
        case .all: .fields(["from": .text("All")])
        case .same: .fields(["from": .text("Same")])
        case .none: .fields(["from": .text("None")])
        case .selector(let selector): .fields(["from": .text("Selector"), "selector": selector.yaml])
        }
    }
}

extension Kubernetes.GatewayClass {
    var yaml: YAMLNode { .fields(["controllerName": .text(controllerName)]) }
}

extension Kubernetes.ReferenceGrant {
    var yaml: YAMLNode {
        .fields([
            "from": .list(
                from.map {
                    .fields(["group": .text($0.group), "kind": .text($0.kind), "namespace": .text($0.namespace)])
                }),
            "to": .list(
                to.map {
                    .fields(["group": .text($0.group), "kind": .text($0.kind), "name": .unlessEmpty($0.name)])
                }),
        ])
    }
}
