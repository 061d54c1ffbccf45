import Discovery
import Mesh

extension Kubernetes.ServiceEntry {
    init(_ metadata: Kubernetes.ObjectMeta, _ object: inout YAMLFields) throws(DocumentFault) {
        self.init(metadata: metadata)
        var (fields, _) = try object.spec(of: .serviceEntry)
        hosts = try fields.list("hosts") { (node, path) throws(DocumentFault) in try node.host(at: path) }
        guard (1...256).contains(hosts.count), Set(hosts).count == hosts.count else {
            throw fields.fault("hosts", "expected 1 to 256 different hosts, found \(hosts.count)")
        }
        addresses = try fields.list("addresses") { (node, path) throws(DocumentFault) in try node.prefix(at: path) }
        guard addresses.count <= 256 else { throw fields.fault("addresses", "expected at most 256") }
        location = try fields.optionalWord("location", of: Location.self) ?? location
        resolution = try fields.optionalWord("resolution", of: Resolution.self) ?? resolution
        subjectAltNames = try fields.strings("subjectAltNames")
        exportTo = try fields.strings("exportTo")
        try readPorts(&fields)
        try readEndpoints(&fields)
        try readStatus(&object)
    }

    private mutating func readPorts(_ fields: inout YAMLFields) throws(DocumentFault) {
        ports = try fields.list("ports", Port.init(node:path:))
        var (names, numbers) = (Set<String>(), Set<UInt16>())
        for (index, port) in ports.enumerated() {
            guard names.insert(port.name).inserted, numbers.insert(port.number).inserted else {
                throw fields.fault("ports[\(index)]", "expected a name and a number that no other port has")
            }
        }
    }

    private mutating func readEndpoints(_ fields: inout YAMLFields) throws(DocumentFault) {
        endpoints = try fields.list("endpoints", Kubernetes.WorkloadEndpoint.init(node:path:))
        guard endpoints.count <= 4096 else { throw fields.fault("endpoints", "expected at most 4096") }
        if var selector = try fields.fields("workloadSelector") {
            self.selector = try selector.labels("labels")
        }
        guard selector == nil || endpoints.isEmpty else {
            throw fields.fault("workloadSelector", "expected either a selector or endpoints, found both")
        }
        if resolution == .none, !endpoints.isEmpty {
            throw fields.fault("endpoints", "expected none where resolution is NONE")
        }
    }

    private mutating func readStatus(_ object: inout YAMLFields) throws(DocumentFault) {
        guard var status = try object.fields("status") else { return }
        allocatedAddresses = try status.list("addresses") { (node, path) throws(DocumentFault) in
            var fields = try YAMLFields(node, path: path)
            guard let value = fields.take("value") else {
                throw fields.fault("value", "expected an IP address, found nothing")
            }
            return AllocatedAddress(
                value: try value.address(at: fields.path(of: "value")), host: try fields.string("host") ?? "")
        }
    }
}

extension Kubernetes.ServiceEntry.Port {
    fileprivate init(node: YAMLNode, path: String) throws(DocumentFault) {
        var fields = try YAMLFields(node, path: path)
        self.init(name: try fields.requiredString("name"), number: try fields.port("number"))
        targetPort = UInt16(try fields.integer("targetPort", in: 0...65535) ?? 0)
        protocolName = try fields.string("protocol") ?? ""
    }
}

extension Kubernetes.WorkloadEntry {
    init(_ metadata: Kubernetes.ObjectMeta, _ object: inout YAMLFields) throws(DocumentFault) {
        object.ignore(["status"])
        let (_, node) = try object.spec(of: .workloadEntry)
        self.init(metadata: metadata, endpoint: try .init(node: node, path: "spec"))
    }
}

extension Kubernetes.WorkloadEndpoint {
    fileprivate init(node: YAMLNode, path: String) throws(DocumentFault) {
        var fields = try YAMLFields(node, path: path)
        self.init()
        if let node = fields.take("address") { address = try Address(node, at: fields.path(of: "address")) }
        ports = try fields.map("ports") { (entry, path) throws(DocumentFault) in
            (entry.key.text, try entry.value.port(at: path))
        }
        labels = try fields.labels("labels")
        network = try fields.string("network") ?? ""
        locality = try fields.string("locality") ?? ""
        weight = UInt32(try fields.integer("weight", in: 0...Int(UInt32.max)) ?? 0)
        serviceAccount =
            try fields.optionalName("serviceAccount", ObjectName.isSubdomain, ObjectName.expectedSubdomain) ?? ""
        guard address != .none || !network.isEmpty else {
            throw fields.fault("address", "expected an address, or else a network")
        }
    }
}

extension Kubernetes.WorkloadEndpoint.Address {
    fileprivate init(_ node: YAMLNode, at path: String) throws(DocumentFault) {
        let text = try node.string(at: path)
        if text.isEmpty {
            self = .none
        } else if text.hasPrefix("unix://") {
            self = .socket(String(text.dropFirst("unix://".count)))
        } else if let ip = IPAddress(text) {
            self = .ip(ip)
        } else {
            guard ObjectName.isHost(text), !text.hasPrefix("*") else {
                throw node.fault(at: path, "expected an IP address, a host or unix://path, found \(text.quoted)")
            }
            self = .hostname(text.lowercased())
        }
    }
}

extension YAMLNode {
    /// In lower case, perhaps with `*.` before it.
    fileprivate func host(at path: String) throws(DocumentFault) -> String {
        let text = try string(at: path)
        guard ObjectName.isHost(text) else {
            throw fault(at: path, "expected a host such as a.example.com or *.example.com, found \(text.quoted)")
        }
        return text.lowercased()
    }
}
