import Discovery

extension Kubernetes.AuthorizationPolicy {
    var yaml: YAMLNode {
        .fields([
            "selector": selector.map { .policySelector($0) }, "targetRefs": .unlessEmpty(targets.map(\.yaml)),
            "action": .text(action.rawValue), "rules": .unlessEmpty(rules.map(\.yaml)),
            "provider": provider.isEmpty ? nil : .fields(["name": .text(provider)]),
        ])
    }
}

extension Kubernetes.AuthorizationPolicy.TargetReference {
    fileprivate var yaml: YAMLNode {
        .fields([
            "group": .text(group), "kind": .text(kind), "name": .text(name), "namespace": .unlessEmpty(namespace),
        ])
    }
}

extension Kubernetes.AuthorizationPolicy.Rule {
    fileprivate var yaml: YAMLNode {
        .fields([
            "from": .unlessEmpty(from.map { .fields(["source": $0.yaml]) }),
            "to": .unlessEmpty(to.map { .fields(["operation": $0.yaml]) }),
            "when": .unlessEmpty(
                when.map {
                    .fields([
                        "key": .text($0.key), "values": .unlessEmpty($0.values),
                        "notValues": .unlessEmpty($0.notValues),
                    ])
                }),
        ])
    }
}

extension Kubernetes.AuthorizationPolicy.Source {
    fileprivate var yaml: YAMLNode {
        .fields([
            "principals": .unlessEmpty(principals), "notPrincipals": .unlessEmpty(notPrincipals),
            "requestPrincipals": .unlessEmpty(requestPrincipals),
            "notRequestPrincipals": .unlessEmpty(notRequestPrincipals), "namespaces": .unlessEmpty(namespaces),
            "notNamespaces": .unlessEmpty(notNamespaces), "serviceAccounts": .unlessEmpty(serviceAccounts),
            "notServiceAccounts": .unlessEmpty(notServiceAccounts), "ipBlocks": .unlessEmpty(ipBlocks),
            "notIpBlocks": .unlessEmpty(notIpBlocks), "remoteIpBlocks": .unlessEmpty(remoteIpBlocks),
            "notRemoteIpBlocks": .unlessEmpty(notRemoteIpBlocks), "trustDomains": .unlessEmpty(trustDomains),
            "notTrustDomains": .unlessEmpty(notTrustDomains),
        ])
    }
}

extension Kubernetes.AuthorizationPolicy.Operation {
    fileprivate var yaml: YAMLNode {
        .fields([
            "hosts": .unlessEmpty(hosts), "notHosts": .unlessEmpty(notHosts), "ports": .unlessEmpty(ports),
            "notPorts": .unlessEmpty(notPorts), "methods": .unlessEmpty(methods),
            "notMethods": .unlessEmpty(notMethods), "paths": .unlessEmpty(paths), "notPaths": .unlessEmpty(notPaths),
        ])
    }
}

extension Kubernetes.PeerAuthentication {
    var yaml: YAMLNode {
        let ports = portModes.sorted { $0.key < $1.key }.map { port, mode in
            YAMLEntry(
                key: YAMLScalar(text: String(port), style: .plain), value: .fields(["mode": .text(mode.rawValue)]))
        }
        return .fields([
            "selector": selector.map { .policySelector($0) }, "mtls": .fields(["mode": .text(mode.rawValue)]),
            "portLevelMtls": ports.isEmpty ? nil : YAMLNode(.mapping(ports)),
        ])
    }
}

extension YAMLNode {
    fileprivate static func policySelector(_ labels: [String: String]) -> YAMLNode {
        .fields(["matchLabels": .map(labels)])
    }
}
