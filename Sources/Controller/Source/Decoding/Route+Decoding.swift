package import Discovery
import Mesh

extension Kubernetes.Route {
    /// The routes of a rule, its filters included, that anything may stand behind.
    private static let ruleLimit = 64

    init(
        _ metadata: Kubernetes.ObjectMeta, _ form: Form, _ object: inout YAMLFields
    ) throws(DocumentFault) {
        object.ignore(["status"])
        let (fields, node) = try object.spec(of: form == .http ? .httpRoute : .grpcRoute)
        try self.init(metadata, form, fields, node)
    }

    /// - Throws: when `spec` is not one of such a route.
    package init(metadata: Kubernetes.ObjectMeta, form: Form, spec: YAMLNode) throws(DocumentFault) {
        try self.init(metadata, form, try YAMLFields(spec, path: "spec"), spec)
    }

    private init(
        _ metadata: Kubernetes.ObjectMeta, _ form: Form, _ spec: YAMLFields, _ node: YAMLNode
    ) throws(DocumentFault) {
        var fields = spec
        let hostnames = try fields.list("hostnames") { (node, path) throws(DocumentFault) in
            let text = try node.string(at: path)
            guard ObjectName.isHost(text) else {
                throw node.fault(at: path, "expected a host, found \(text.quoted)")
            }
            return text.lowercased()
        }
        let parents = try fields.list("parentRefs", Parent.init(node:path:))
        guard parents.count <= 32 else { throw fields.fault("parentRefs", "expected at most 32") }
        let backends = try fields.list("rules", Self.backends(ofRule:path:))
        guard backends.count <= Self.ruleLimit else {
            throw fields.fault("rules", "expected at most \(Self.ruleLimit), found \(backends.count)")
        }
        self.init(
            metadata: metadata, form: form, parents: parents, hostnames: hostnames, backends: backends.flatMap(\.self),
            spec: node.normalized)
    }

    private static func backends(ofRule node: YAMLNode, path: String) throws(DocumentFault) -> [Backend] {
        var rule = try YAMLFields(node, path: path)
        let direct = try rule.list("backendRefs") { (node, path) throws(DocumentFault) in
            var fields = try YAMLFields(node, path: path)
            _ = try fields.integer("weight", in: 0...1_000_000)
            let mirrored = try fields.list("filters", mirror(inFilter:path:))
            return [try Backend(node: node, path: path)] + mirrored.flatMap(\.self)
        }
        return direct.flatMap(\.self) + (try rule.list("filters", mirror(inFilter:path:))).flatMap(\.self)
    }

    private static func mirror(inFilter node: YAMLNode, path: String) throws(DocumentFault) -> [Backend] {
        var filter = try YAMLFields(node, path: path)
        _ = try filter.requiredString("type")
        guard var mirror = try filter.fields("requestMirror"), let backend = mirror.take("backendRef") else {
            return []
        }
        return [try Backend(node: backend, path: mirror.path(of: "backendRef"))]
    }
}

extension Kubernetes.Route.Parent {
    fileprivate init(node: YAMLNode, path: String) throws(DocumentFault) {
        var fields = try YAMLFields(node, path: path)
        self.init(name: try fields.requiredString("name"))
        group = try fields.string("group") ?? group
        kind = try fields.string("kind") ?? kind
        namespace = try fields.string("namespace") ?? ""
        sectionName = try fields.string("sectionName").flatMap { $0.isEmpty ? nil : $0 }
        port = try fields.take("port").map { (node) throws(DocumentFault) in
            try node.port(at: fields.path(of: "port"))
        }
    }
}

extension Kubernetes.Route.Backend {
    fileprivate init(node: YAMLNode, path: String) throws(DocumentFault) {
        var fields = try YAMLFields(node, path: path)
        self.init(name: try fields.requiredString("name"), field: path)
        group = try fields.string("group") ?? group
        kind = try fields.string("kind") ?? kind
        namespace = try fields.string("namespace") ?? ""
        port = try fields.take("port").map { (node) throws(DocumentFault) in
            try node.port(at: fields.path(of: "port"))
        }
    }
}

extension Kubernetes.RequestAuthentication {
    init(_ metadata: Kubernetes.ObjectMeta, _ object: inout YAMLFields) throws(DocumentFault) {
        object.ignore(["status"])
        let (fields, node) = try object.spec(of: .requestAuthentication)
        try self.init(metadata, fields, node)
    }

    /// - Throws: when `spec` is not one of a RequestAuthentication.
    package init(metadata: Kubernetes.ObjectMeta, spec: YAMLNode) throws(DocumentFault) {
        try self.init(metadata, try YAMLFields(spec, path: "spec"), spec)
    }

    private init(
        _ metadata: Kubernetes.ObjectMeta, _ spec: YAMLFields, _ node: YAMLNode
    ) throws(DocumentFault) {
        var fields = spec
        let selector = try fields.policySelector()
        let targets = try fields.policyTargets(besideSelector: selector != nil)
        _ = try fields.list("jwtRules") { (node, path) throws(DocumentFault) in
            var rule = try YAMLFields(node, path: path)
            return try rule.requiredString("issuer")
        }
        self.init(metadata: metadata, selector: selector, targets: targets, spec: node.normalized)
    }
}
