import Discovery
import Mesh

extension Kubernetes.Gateway {
    init(_ metadata: Kubernetes.ObjectMeta, _ object: inout YAMLFields) throws(DocumentFault) {
        var (fields, _) = try object.spec(of: .gateway)
        self.init(metadata: metadata, className: try fields.requiredString("gatewayClassName"))
        listeners = try fields.list("listeners", Listener.init(node:path:))
        guard listeners.count <= 64, Set(listeners.map(\.name)).count == listeners.count else {
            throw fields.fault("listeners", "expected at most 64 with different names, found \(listeners.count)")
        }
        addresses = try fields.list("addresses", Address.init(node:path:))
        if var infrastructure = try fields.fields("infrastructure") {
            infrastructureLabels = try infrastructure.optionalLabels("labels")
            infrastructureAnnotations =
                infrastructure.has("annotations") ? try infrastructure.stringMap("annotations") : nil
            if var reference = try infrastructure.fields("parametersRef") {
                parameters = try reference.requiredString("name")
            }
        }
        if var status = try object.fields("status") {
            statusAddresses = try status.list("addresses", Address.init(node:path:))
        }
    }
}

extension Kubernetes.Gateway.Address {
    fileprivate init(node: YAMLNode, path: String) throws(DocumentFault) {
        var fields = try YAMLFields(node, path: path)
        let type = Kubernetes.Gateway.AddressType(try fields.string("type") ?? "IPAddress")
        let line = node.line
        self.init(type: type, value: try fields.string("value") ?? "")
        let isValid =
            switch type {
            case .ipAddress: value.isEmpty || IPAddress(value) != nil
            case .hostname: value.isEmpty || ObjectName.isHost(value)
            case .other: true
            }
        guard isValid else {
            throw DocumentFault(
                line: line, field: fields.path(of: "value"),
                problem: "expected an address of type \(type.text), found \(value.quoted)")
        }
    }
}

extension Kubernetes.Gateway.Listener {
    fileprivate init(node: YAMLNode, path: String) throws(DocumentFault) {
        var fields = try YAMLFields(node, path: path)
        self.init(
            name: try fields.name("name", ObjectName.isSubdomain, ObjectName.expectedSubdomain),
            port: try fields.port("port"), protocolName: try fields.requiredString("protocol"))
        hostname = try fields.string("hostname") ?? ""
        guard var routes = try fields.fields("allowedRoutes") else { return }
        kinds = try routes.list("kinds") { (node, path) throws(DocumentFault) in
            var fields = try YAMLFields(node, path: path)
            return Kubernetes.Gateway.RouteKind(
                group: try fields.string("group") ?? Kubernetes.gatewayGroup, kind: try fields.requiredString("kind"))
        }
        if let namespaces = try routes.fields("namespaces") { allowedNamespaces = try .init(namespaces) }
    }
}

extension Kubernetes.Gateway.AllowedNamespaces {
    private enum From: String, CaseIterable { case all = "All", same = "Same", selector = "Selector", none = "None" }

    fileprivate init(_ namespaces: YAMLFields) throws(DocumentFault) {
        var fields = namespaces
        switch try fields.optionalWord("from", of: From.self) ?? .same {
        case .all: self = .all
        case .same: self = .same
        case .none: self = .none
        case .selector: self = .selector(try .init(try fields.requiredFields("selector")))
        }
    }
}

extension Kubernetes.GatewayClass {
    init(_ metadata: Kubernetes.ObjectMeta, _ object: inout YAMLFields) throws(DocumentFault) {
        object.ignore(["status"])
        var (fields, _) = try object.spec(of: .gatewayClass)
        self.init(metadata: metadata, controllerName: try fields.requiredString("controllerName"))
    }
}

extension Kubernetes.ReferenceGrant {
    init(_ metadata: Kubernetes.ObjectMeta, _ object: inout YAMLFields) throws(DocumentFault) {
        self.init(metadata: metadata)
        object.ignore(["status"])
        var (fields, _) = try object.spec(of: .referenceGrant)
        from = try fields.list("from") { (node, path) throws(DocumentFault) in
            var fields = try YAMLFields(node, path: path)
            return From(
                group: try fields.string("group") ?? "", kind: try fields.requiredString("kind"),
                namespace: try fields.requiredString("namespace"))
        }
        to = try fields.list("to") { (node, path) throws(DocumentFault) in
            var fields = try YAMLFields(node, path: path)
            return To(
                group: try fields.string("group") ?? "", kind: try fields.requiredString("kind"),
                name: try fields.string("name") ?? "")
        }
    }
}

extension Kubernetes {
    package static let gatewayGroup = "gateway.networking.k8s.io"
}

extension YAMLFields {
    func has(_ name: String) -> Bool { remaining.contains { $0.key.text == name && !$0.value.isNull } }

    fileprivate mutating func optionalLabels(_ name: String) throws(DocumentFault) -> [String: String]? {
        has(name) ? try labels(name) : nil
    }
}
