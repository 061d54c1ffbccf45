import Discovery
import Mesh

extension Kubernetes.MeshConfig {
    init(_ metadata: Kubernetes.ObjectMeta, _ object: inout YAMLFields) throws(DocumentFault) {
        self.init(metadata: metadata)
        object.ignore(["status"])
        guard var fields = try object.fields("spec") else { return }
        try fields.refuseEmptyFields()
        trustDomain = try fields.trustDomain("trustDomain")
        trustDomainAliases = try fields.list("trustDomainAliases") { (node, path) throws(DocumentFault) in
            try node.trustDomain(at: path)
        }
        guard trustDomainAliases.count <= 64 else { throw fields.fault("trustDomainAliases", "expected at most 64") }
        if var log = try fields.fields("accessLog") {
            accessLogFormat = try log.optionalWord("format", of: AccessLogFormat.self)
            try log.finish()
        }
        if var telemetry = try fields.fields("openTelemetry") {
            telemetryTarget = try telemetry.requiredString("target")
            try telemetry.finish()
        }
        authorizers = try fields.list("authorizers", Authorizer.init(node:path:))
        pathNormalization = try fields.optionalWord("pathNormalization", of: PathNormalization.self)
        try readWaypoints(&fields)
        serviceEntryVisibility = try fields.list("serviceEntryVisibility", VisibilityRule.init(node:path:))
        try fields.finish()
    }

    private mutating func readWaypoints(_ fields: inout YAMLFields) throws(DocumentFault) {
        guard var waypoints = try fields.fields("waypoints") else { return }
        waypointsMayFailOpen = try waypoints.boolean("mayFailOpen") ?? false
        ownsIstioWaypoints = try waypoints.boolean("ownIstioClass") ?? false
        try waypoints.finish()
    }
}

extension Kubernetes.MeshConfig.Authorizer {
    fileprivate init(node: YAMLNode, path: String) throws(DocumentFault) {
        var fields = try YAMLFields(node, path: path)
        self.init(
            name: try fields.requiredString("name"), form: try fields.word("type", of: Form.self),
            service: try fields.requiredString("service"), port: try fields.port("port"))
        failOpen = try fields.boolean("failOpen") ?? false
        try fields.finish()
    }
}

extension Kubernetes.MeshConfig.VisibilityRule {
    fileprivate init(node: YAMLNode, path: String) throws(DocumentFault) {
        var fields = try YAMLFields(node, path: path)
        let selector = try fields.fields("namespaceSelector")
        self.init(
            namespaces: try selector.map { (fields) throws(DocumentFault) in
                try Kubernetes.LabelSelector(fields)
            } ?? .init(),
            visibility: try fields.word("visibility", of: Kubernetes.MeshConfig.Visibility.self))
        try fields.finish()
    }
}

extension YAMLFields {
    fileprivate mutating func trustDomain(_ name: String) throws(DocumentFault) -> String? {
        guard let node = take(name) else { return nil }
        return try node.trustDomain(at: path(of: name))
    }
}

extension YAMLNode {
    fileprivate func trustDomain(at path: String) throws(DocumentFault) -> String {
        let text = try string(at: path)
        guard SPIFFEIdentity("spiffe://\(text)/ns/a/sa/b") != nil else {
            throw fault(at: path, "expected a trust domain such as cluster.local, found \(text.quoted)")
        }
        return text
    }
}
