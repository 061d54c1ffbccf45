import Mesh

extension Service {
    init(node: YAMLNode, path: String) throws(DocumentFault) {
        var fields = try YAMLFields(node, path: path)
        self.init(
            name: try fields.requiredString("name"), namespace: try fields.requiredString("namespace"),
            hostname: try fields.requiredString("hostname"))
        addresses = try fields.list("vips") { (node, path) throws(DocumentFault) in
            guard let address = NetworkAddress(try node.string(at: path)) else {
                throw node.fault(at: path, "expected network/address, found \(node.kind)")
            }
            return address
        }
        cidrAddresses = try fields.list("cidrVips") { (node, path) throws(DocumentFault) in
            try node.prefix(at: path)
        }
        try readPorts(&fields)
        subjectAltNames = try fields.strings("subjectAltNames")
        if let gateway = try fields.fields("waypoint") { waypoint = try GatewayAddress(gateway) }
        weightedWaypoints = try fields.list("weightedWaypoints") { (node, path) throws(DocumentFault) in
            var share = try YAMLFields(node, path: path)
            let weight = try share.integer("weight", in: 0...Int(UInt32.max)) ?? 0
            return WeightedWaypoint(destination: try GatewayAddress(share), weight: UInt32(weight))
        }
        if let balancer = try fields.fields("loadBalancer") { loadBalancing = try LoadBalancing(balancer) }
        ipFamilies = try fields.word("ipFamilies", among: StaticWords.ipFamilies, else: ipFamilies)
        isCanonical = try fields.boolean("canonical") ?? false
        visibility = try fields.word("visibility", among: StaticWords.visibilities, else: visibility)
        // A dump of a running proxy has them; a workload says which services it belongs to.
        fields.ignore(["endpoints"])
        try fields.finish()
    }

    private mutating func readPorts(_ fields: inout YAMLFields) throws(DocumentFault) {
        ports =
            try fields.take("ports")?.portMap(at: fields.path(of: "ports"), targets: 0...65535)
            .mapValues { Port(target: $0) } ?? [:]
        let appProtocols = try fields.map("appProtocols") { (entry, path) throws(DocumentFault) in
            (try entry.port(at: path), try entry.value.word(among: StaticWords.appProtocols, at: path))
        }
        for (port, appProtocol) in appProtocols {
            guard ports[port] != nil else {
                throw fields.fault("appProtocols", "expected a port that the service has, found \(port)")
            }
            ports[port]?.appProtocol = appProtocol
        }
    }

    var yaml: YAMLNode {
        let appProtocols = ports.filter { $0.value.appProtocol != .unknown }
        return .fields([
            "name": .text(name), "namespace": .text(namespace), "hostname": .text(hostname),
            "vips": .unlessEmpty(addresses.map { .text($0.description) }),
            "cidrVips": .unlessEmpty(cidrAddresses.map { .text($0.description) }),
            "ports": ports.isEmpty ? nil : .ports(ports) { .literal($0.target) },
            "appProtocols": appProtocols.isEmpty ? nil : .ports(appProtocols) { .text($0.appProtocol.rawValue) },
            "subjectAltNames": .unlessEmpty(subjectAltNames.map { .text($0) }), "waypoint": waypoint?.yaml,
            "weightedWaypoints": .unlessEmpty(weightedWaypoints.map { $0.destination.yaml(weight: $0.weight) }),
            "loadBalancer": loadBalancing == LoadBalancing() ? nil : loadBalancing.yaml,
            "ipFamilies": ipFamilies == .automatic
                ? nil : StaticWords.ipFamilies.first { $0.1 == ipFamilies }.map { .text($0.0) },
            "canonical": isCanonical ? .literal(true) : nil,
            "visibility": visibility == .everywhere ? nil : .text(visibility.rawValue),
        ])
    }
}

extension LoadBalancing {
    fileprivate init(_ balancer: YAMLFields) throws(DocumentFault) {
        var fields = balancer
        self.init()
        routingPreference = try fields.list("routingPreferences") { (node, path) throws(DocumentFault) in
            try node.word(among: StaticWords.scopes, at: path)
        }
        mode = try fields.word("mode", among: StaticWords.modes, else: mode)
        healthPolicy = try fields.word("healthPolicy", among: StaticWords.healthPolicies, else: healthPolicy)
        try fields.finish()
    }

    fileprivate var yaml: YAMLNode {
        let preferences = routingPreference.compactMap { scope in
            StaticWords.scopes.first { $0.1 == scope }.map { YAMLNode.text($0.0) }
        }
        return .fields([
            "routingPreferences": .unlessEmpty(preferences), "mode": .text(mode.rawValue),
            "healthPolicy": .text(healthPolicy.rawValue),
        ])
    }
}

extension GatewayAddress {
    init(_ gateway: YAMLFields) throws(DocumentFault) {
        var fields = gateway
        let text = try fields.requiredString("destination")
        let destination: Destination
        if let address = NetworkAddress(text) {
            destination = .address(address)
        } else if let hostname = NamespacedName(text) {
            destination = .hostname(hostname)
        } else {
            throw fields.fault(
                "destination", "expected network/address or namespace/hostname, found \(text.quoted)")
        }
        let port = try fields.integer("hboneMtlsPort", in: 1...65535) ?? Int(MeshPort.inboundHBONE)
        self.init(destination: destination, hbonePort: UInt16(port))
        try fields.finish()
    }

    var yaml: YAMLNode { yaml(weight: nil) }

    fileprivate func yaml(weight: UInt32?) -> YAMLNode {
        let text =
            switch destination {
            case .address(let address): address.description
            case .hostname(let hostname): hostname.description
            }
        return .fields([
            "destination": .text(text), "hboneMtlsPort": .literal(hbonePort), "weight": weight.map { .literal($0) },
        ])
    }
}
