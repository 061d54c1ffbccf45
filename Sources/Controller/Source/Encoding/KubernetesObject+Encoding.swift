import Discovery

extension KubernetesObject {
    var yaml: YAMLNode {
        var entries = YAMLNode.fields([
            "apiVersion": .text(kind.apiVersion), "kind": .text(kind.rawValue), "metadata": metadata.yaml,
        ]).entries
        entries += body.entries
        return YAMLNode(.mapping(entries))
    }

    /// All but the header.
    var body: YAMLNode {
        switch self {
        case .namespace, .serviceAccount: .fields([:])
        case .pod(let pod): .fields(["spec": pod.spec.yaml, "status": pod.status.yaml])
        case .deployment(let deployment): .fields(["spec": deployment.yaml])
        case .service(let service): .fields(["spec": service.yaml])
        case .node(let node): node.yaml
        case .endpointSlice(let slice): slice.yaml
        case .authorizationPolicy(let policy): .fields(["spec": policy.yaml])
        case .peerAuthentication(let authentication): .fields(["spec": authentication.yaml])
        case .requestAuthentication(let authentication): .fields(["spec": authentication.spec])
        case .serviceEntry(let entry): .fields(["spec": entry.yaml, "status": entry.statusYAML])
        case .workloadEntry(let entry): .fields(["spec": entry.endpoint.yaml])
        case .gateway(let gateway): .fields(["spec": gateway.yaml, "status": gateway.statusYAML])
        case .gatewayClass(let gatewayClass): .fields(["spec": gatewayClass.yaml])
        case .httpRoute(let route), .grpcRoute(let route): .fields(["spec": route.spec])
        case .referenceGrant(let grant): .fields(["spec": grant.yaml])
        case .meshConfig(let config): .fields(["spec": config.yaml])
        }
    }
}

extension Kubernetes.ObjectMeta {
    var yaml: YAMLNode {
        .fields([
            "name": .unlessEmpty(name), "generateName": .unlessEmpty(generateName),
            "namespace": .unlessEmpty(namespace), "uid": .unlessEmpty(uid),
            "generation": generation.map { .literal($0) }, "labels": .unlessEmpty(labels),
            "annotations": .unlessEmpty(annotations),
            "creationTimestamp": creationTimestamp.map { .text($0.description) },
            "deletionTimestamp": deletionTimestamp.map { .text($0.description) },
            "ownerReferences": .unlessEmpty(ownerReferences.map(\.yaml)),
        ])
    }
}

extension Kubernetes.OwnerReference {
    fileprivate var yaml: YAMLNode {
        .fields([
            "apiVersion": .text(apiVersion), "kind": .text(kind), "name": .text(name), "uid": .text(uid),
            "controller": isController ? .literal(true) : nil,
        ])
    }
}

extension Kubernetes.LabelSelector {
    var yaml: YAMLNode {
        .fields([
            "matchLabels": .unlessEmpty(matchLabels),
            "matchExpressions": .unlessEmpty(
                requirements.map {
                    .fields([
                        "key": .text($0.key), "operator": .text($0.operation.rawValue),
                        "values": .unlessEmpty($0.values.map { .text($0) }),
                    ])
                }),
        ])
    }
}

extension YAMLNode {
    var entries: [YAMLEntry] {
        guard case .mapping(let entries) = content else { return [] }
        return entries
    }

    static func unlessEmpty(_ text: String) -> YAMLNode? { text.isEmpty ? nil : .text(text) }

    static func unlessEmpty(_ nodes: [YAMLNode]) -> YAMLNode? { nodes.isEmpty ? nil : .list(nodes) }

    static func unlessEmpty(_ texts: [String]) -> YAMLNode? { .unlessEmpty(texts.map { .text($0) }) }

    /// By key, so that equal values are equal texts.
    static func unlessEmpty(_ pairs: [String: String]) -> YAMLNode? { pairs.isEmpty ? nil : .map(pairs) }

    static func map(_ pairs: [String: String]) -> YAMLNode {
        YAMLNode(
            .mapping(
                pairs.sorted { $0.key < $1.key }.map {
                    YAMLEntry(key: YAMLScalar(text: $0.key, style: .quoted), value: .text($0.value))
                }))
    }
}
