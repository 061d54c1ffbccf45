import Discovery
import Mesh

extension Kubernetes.Service {
    init(_ metadata: Kubernetes.ObjectMeta, _ object: inout YAMLFields) throws(DocumentFault) {
        guard ObjectName.isLabel(metadata.name) else {
            throw object.fault("metadata.name", "expected \(ObjectName.expectedLabel), found \(metadata.name.quoted)")
        }
        self.init(metadata: metadata)
        object.ignore(["status"])
        var fields = try object.requiredFields("spec")
        kind = try fields.optionalWord("type", of: Kind.self) ?? kind
        try readAddresses(&fields)
        try readPorts(&fields)
        let labels = try fields.labels("selector")
        selector = labels.isEmpty ? nil : labels
        publishesNotReadyAddresses = try fields.boolean("publishNotReadyAddresses") ?? false
        trafficDistribution = try fields.optionalWord("trafficDistribution", of: TrafficDistribution.self)
        isNodeLocal = try fields.optionalWord("internalTrafficPolicy", of: InternalTraffic.self) == .local
        fields.ignore(KnownFields.service)
        try fields.finish()
    }

    private enum InternalTraffic: String, CaseIterable { case cluster = "Cluster", local = "Local" }

    private mutating func readAddresses(_ fields: inout YAMLFields) throws(DocumentFault) {
        var texts: [YAMLNode] = []
        if let node = fields.take("clusterIP") { texts.append(node) }
        texts += try fields.list("clusterIPs") { (node, _) throws(DocumentFault) in node }
        for node in texts {
            let text = try node.string(at: fields.path(of: "clusterIP"))
            if text.isEmpty { continue }
            guard text != "None" else {
                isHeadless = true
                continue
            }
            let address = try node.address(at: fields.path(of: "clusterIP"))
            if !clusterIPs.contains(address) { clusterIPs.append(address) }
        }
        guard !isHeadless || clusterIPs.isEmpty else {
            throw fields.fault("clusterIP", "expected either None or addresses, found both")
        }
        ipFamilies = try fields.list("ipFamilies") { (node, path) throws(DocumentFault) in
            try node.word(of: IPFamily.self, at: path)
        }
    }

    private mutating func readPorts(_ fields: inout YAMLFields) throws(DocumentFault) {
        ports = try fields.list("ports", Port.init(node:path:))
        if ports.isEmpty, !isHeadless, kind != .externalName {
            throw fields.fault("ports", "expected at least one port")
        }
        var names = Set<String>()
        var numbers = Set<[String]>()
        for (index, port) in ports.enumerated() {
            guard ports.count == 1 || !port.name.isEmpty && names.insert(port.name).inserted else {
                throw fields.fault("ports[\(index)].name", "expected a name that no other port of the Service has")
            }
            guard numbers.insert([String(port.port), port.transport.rawValue]).inserted else {
                throw fields.fault(
                    "ports[\(index)].port", "expected each once, found \(port.port) of \(port.transport.rawValue) again"
                )
            }
        }
    }
}

extension Kubernetes.Service.Port {
    fileprivate init(node: YAMLNode, path: String) throws(DocumentFault) {
        var fields = try YAMLFields(node, path: path)
        self.init(port: try fields.port("port"), targetPort: try fields.optionalPortReference("targetPort"))
        name = try fields.optionalName("name", ObjectName.isLabel, ObjectName.expectedLabel) ?? ""
        transport = try fields.optionalWord("protocol", of: Kubernetes.TransportProtocol.self) ?? transport
        appProtocol = try fields.string("appProtocol") ?? ""
        fields.ignore(KnownFields.servicePort)
        try fields.finish()
    }
}

extension Kubernetes.EndpointSlice {
    init(_ metadata: Kubernetes.ObjectMeta, _ object: inout YAMLFields) throws(DocumentFault) {
        self.init(metadata: metadata, addressType: try object.word("addressType", of: AddressType.self))
        endpoints = try object.list("endpoints", Endpoint.init(node:path:))
        ports = try object.list("ports", Port.init(node:path:))
        guard addressType != .fqdn else { return }
        for (index, endpoint) in endpoints.enumerated() {
            for (position, text) in endpoint.addresses.enumerated() where IPAddress(text) == nil {
                throw object.fault(
                    "endpoints[\(index)].addresses[\(position)]", "expected an IP address, found \(text.quoted)")
            }
        }
    }
}

extension Kubernetes.EndpointSlice.Endpoint {
    fileprivate init(node: YAMLNode, path: String) throws(DocumentFault) {
        var fields = try YAMLFields(node, path: path)
        self.init(addresses: try fields.strings("addresses"))
        if var conditions = try fields.fields("conditions") {
            isReady = try conditions.boolean("ready")
            isServing = try conditions.boolean("serving")
            isTerminating = try conditions.boolean("terminating")
            try conditions.finish()
        }
        nodeName = try fields.string("nodeName") ?? ""
        if var target = try fields.fields("targetRef") {
            let kind = try target.string("kind")
            let name = try target.string("name")
            podName = kind == "Pod" ? name : nil
            target.ignore(KnownFields.targetReference)
            try target.finish()
        }
        fields.ignore(KnownFields.endpoint)
        try fields.finish()
    }
}

extension Kubernetes.EndpointSlice.Port {
    fileprivate init(node: YAMLNode, path: String) throws(DocumentFault) {
        var fields = try YAMLFields(node, path: path)
        self.init(port: try fields.integer("port", in: 1...65535).map { UInt16($0) })
        name = try fields.string("name") ?? ""
        transport = try fields.optionalWord("protocol", of: Kubernetes.TransportProtocol.self) ?? transport
        appProtocol = try fields.string("appProtocol") ?? ""
        try fields.finish()
    }
}

extension Kubernetes.Node {
    init(_ metadata: Kubernetes.ObjectMeta, _ object: inout YAMLFields) throws(DocumentFault) {
        self.init(metadata: metadata)
        if var fields = try object.fields("spec") {
            podCIDRs = try fields.strings("podCIDRs")
            fields.ignore(KnownFields.node)
            try fields.finish()
        }
        if var status = try object.fields("status") {
            addresses = try status.list("addresses") { (node, path) throws(DocumentFault) in
                var fields = try YAMLFields(node, path: path)
                return Address(type: try fields.requiredString("type"), address: try fields.string("address") ?? "")
            }
        }
    }
}
