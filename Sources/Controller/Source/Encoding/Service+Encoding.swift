import Discovery
import Mesh

extension Kubernetes.Service {
    var yaml: YAMLNode {
        let addresses = isHeadless ? ["None"] : clusterIPs.map(\.description)
        return .fields([
            "type": .text(kind.rawValue), "clusterIP": addresses.first.map { .text($0) },
            "clusterIPs": .unlessEmpty(addresses), "selector": selector.map { .map($0) },
            "ports": .unlessEmpty(ports.map(\.yaml)),
            "publishNotReadyAddresses": publishesNotReadyAddresses ? .literal(true) : nil,
            "ipFamilies": .unlessEmpty(ipFamilies.map(\.rawValue)),
            "trafficDistribution": trafficDistribution.map { .text($0.rawValue) },
            "internalTrafficPolicy": isNodeLocal ? .text("Local") : nil,
        ])
    }
}

extension Kubernetes.Service.Port {
    fileprivate var yaml: YAMLNode {
        .fields([
            "name": .unlessEmpty(name), "port": .literal(port), "targetPort": targetPort.yaml,
            "protocol": .text(transport.rawValue), "appProtocol": .unlessEmpty(appProtocol),
        ])
    }
}

extension Kubernetes.EndpointSlice {
    var yaml: YAMLNode {
        .fields([
            "addressType": .text(addressType.rawValue), "endpoints": .list(endpoints.map(\.yaml)),
            "ports": .list(ports.map(\.yaml)),
        ])
    }
}

extension Kubernetes.EndpointSlice.Endpoint {
    fileprivate var yaml: YAMLNode {
        .fields([
            "addresses": .list(addresses.map { .text($0) }),
            "conditions": .fields([
                "ready": isReady.map { .literal($0) }, "serving": isServing.map { .literal($0) },
                "terminating": isTerminating.map { .literal($0) },
            ]),
            "nodeName": .unlessEmpty(nodeName),
            "targetRef": podName.map { .fields(["kind": .text("Pod"), "name": .text($0)]) },
        ])
    }
}

extension Kubernetes.EndpointSlice.Port {
    fileprivate var yaml: YAMLNode {
        .fields([
            "name": .unlessEmpty(name), "port": port.map { .literal($0) }, "protocol": .text(transport.rawValue),
            "appProtocol": .unlessEmpty(appProtocol),
        ])
    }
}

extension Kubernetes.Node {
    var yaml: YAMLNode {
        .fields([
            "spec": .fields(["podCIDRs": .unlessEmpty(podCIDRs)]),
            "status": addresses.isEmpty
                ? nil
                : .fields([
                    "addresses": .list(
                        addresses.map { .fields(["type": .text($0.type), "address": .text($0.address)]) })
                ]),
        ])
    }
}
