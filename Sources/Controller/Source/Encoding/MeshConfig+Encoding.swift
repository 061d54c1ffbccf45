import Discovery

extension Kubernetes.MeshConfig {
    var yaml: YAMLNode {
        .fields([
            "trustDomain": trustDomain.map { .text($0) }, "trustDomainAliases": .unlessEmpty(trustDomainAliases),
            "accessLog": accessLogFormat.map { .fields(["format": .text($0.rawValue)]) },
            "openTelemetry": telemetryTarget.map { .fields(["target": .text($0)]) },
            "authorizers": .unlessEmpty(authorizers.map(\.yaml)),
            "pathNormalization": pathNormalization.map { .text($0.rawValue) },
            "waypoints": .fields([
                "mayFailOpen": .literal(waypointsMayFailOpen), "ownIstioClass": .literal(ownsIstioWaypoints),
            ]),
            "serviceEntryVisibility": .unlessEmpty(
                serviceEntryVisibility.map {
                    .fields(["namespaceSelector": $0.namespaces.yaml, "visibility": .text($0.visibility.rawValue)])
                }),
        ])
    }
}

extension Kubernetes.MeshConfig.Authorizer {
    fileprivate var yaml: YAMLNode {
        .fields([
            "name": .text(name), "type": .text(form.rawValue), "service": .text(service), "port": .literal(port),
            "failOpen": failOpen ? .literal(true) : nil,
        ])
    }
}
