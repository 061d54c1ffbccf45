import Mesh

extension Workload {
    init(node: YAMLNode, path: String) throws(DocumentFault) {
        var fields = try YAMLFields(node, path: path)
        self.init(
            uid: try fields.requiredString("uid"), name: try fields.requiredString("name"),
            namespace: try fields.requiredString("namespace"))
        try readIdentity(&fields)
        try readPlace(&fields)
        try readTelemetry(&fields)
        try readMembership(&fields)
        try fields.finish()
    }

    private mutating func readIdentity(_ fields: inout YAMLFields) throws(DocumentFault) {
        serviceAccount = try fields.string("serviceAccount").unlessEmpty ?? serviceAccount
        trustDomain = try fields.string("trustDomain").unlessEmpty ?? trustDomain
        guard SPIFFEIdentity(identity.description) == identity else {
            throw fields.fault(
                "serviceAccount",
                "expected trust domain, namespace and service account to make a SPIFFE ID, found "
                    + identity.description.quoted)
        }
    }

    private mutating func readPlace(_ fields: inout YAMLFields) throws(DocumentFault) {
        addresses = try fields.list("workloadIps") { (node, path) throws(DocumentFault) in
            try node.address(at: path)
        }
        hostname = try fields.string("hostname") ?? ""
        network = try fields.string("network") ?? ""
        node = try fields.string("node") ?? ""
        clusterID = try fields.string("clusterId").unlessEmpty ?? clusterID
        networkMode = try fields.word("networkMode", among: StaticWords.networkModes, else: networkMode)
        tunnelProtocol = try fields.word("protocol", among: StaticWords.tunnelProtocols, else: tunnelProtocol)
        nativeTunnel = try fields.boolean("nativeTunnel") ?? false
        if let tunnel = try fields.fields("applicationTunnel") { applicationTunnel = try ApplicationTunnel(tunnel) }
        if let gateway = try fields.fields("waypoint") { waypoint = try GatewayAddress(gateway) }
        if let gateway = try fields.fields("networkGateway") { networkGateway = try GatewayAddress(gateway) }
        if let place = try fields.fields("locality") { locality = try Locality(place) }
    }

    private mutating func readTelemetry(_ fields: inout YAMLFields) throws(DocumentFault) {
        workloadName = try fields.string("workloadName") ?? ""
        workloadType = try fields.word("workloadType", among: StaticWords.workloadKinds, else: workloadType)
        canonicalName = try fields.string("canonicalName") ?? ""
        canonicalRevision = try fields.string("canonicalRevision") ?? ""
    }

    private mutating func readMembership(_ fields: inout YAMLFields) throws(DocumentFault) {
        status = try fields.word("status", among: StaticWords.statuses, else: status)
        capacity = UInt32(try fields.integer("capacity", in: 0...Int(UInt32.max)) ?? 1)
        services = try fields.map("services") { (entry, path) throws(DocumentFault) in
            guard let key = NamespacedName(entry.key.text) else {
                throw DocumentFault(
                    line: entry.line, field: path,
                    problem: "expected namespace/hostname, found \(entry.key.text.quoted)")
            }
            return (key, try entry.value.portMap(at: path, targets: 1...65535))
        }
        authorizationPolicies = try fields.list("authorizationPolicies") { (node, path) throws(DocumentFault) in
            try node.namespacedName(at: path)
        }
    }

    var yaml: YAMLNode {
        .fields([
            "uid": .text(uid), "name": .text(name), "namespace": .text(namespace),
            "serviceAccount": .text(serviceAccount), "trustDomain": .text(trustDomain),
            "workloadIps": .unlessEmpty(addresses.map { .text($0.description) }),
            "hostname": .unlessEmpty(hostname), "network": .unlessEmpty(network),
            "protocol": .text(tunnelProtocol.rawValue),
            "networkMode": networkMode == .standard ? nil : .text(networkMode.rawValue),
            "nativeTunnel": nativeTunnel ? .literal(true) : nil,
            "applicationTunnel": applicationTunnel?.yaml, "waypoint": waypoint?.yaml,
            "networkGateway": networkGateway?.yaml, "node": .unlessEmpty(self.node),
            "workloadName": .unlessEmpty(workloadName), "workloadType": .text(workloadType.rawValue),
            "canonicalName": .unlessEmpty(canonicalName),
            "canonicalRevision": .unlessEmpty(canonicalRevision), "clusterId": .text(clusterID),
            "locality": locality == Locality() ? nil : locality.yaml,
            "status": .text(status.rawValue), "capacity": capacity == 1 ? nil : .literal(capacity),
            "services": services.isEmpty ? nil : servicesNode,
            "authorizationPolicies": .unlessEmpty(authorizationPolicies.map { .text($0.description) }),
        ])
    }

    private var servicesNode: YAMLNode {
        YAMLNode(
            .mapping(
                services.sorted { $0.key < $1.key }.map { key, ports in
                    YAMLEntry(
                        key: YAMLScalar(text: key.description, style: .quoted), value: .ports(ports) { .literal($0) })
                }))
    }
}

extension ApplicationTunnel {
    fileprivate init(_ tunnel: YAMLFields) throws(DocumentFault) {
        var fields = tunnel
        self.init(
            tunnelProtocol: try fields.word("protocol", among: StaticWords.applicationProtocols, else: .none),
            port: UInt16(try fields.integer("port", in: 0...65535) ?? 0))
        try fields.finish()
    }

    fileprivate var yaml: YAMLNode {
        .fields(["protocol": .text(tunnelProtocol.rawValue), "port": port == 0 ? nil : .literal(port)])
    }
}

extension Locality {
    fileprivate init(_ locality: YAMLFields) throws(DocumentFault) {
        var fields = locality
        self.init(
            region: try fields.string("region") ?? "", zone: try fields.string("zone") ?? "",
            subzone: try fields.string("subzone") ?? "")
        try fields.finish()
    }

    fileprivate var yaml: YAMLNode {
        .fields([
            "region": .unlessEmpty(region), "zone": .unlessEmpty(zone), "subzone": .unlessEmpty(subzone),
        ])
    }
}
