import Discovery

extension KubernetesObject {
    /// Nil when the kind is not one that is read. `fields` has lost `apiVersion` and `kind`.
    init?(apiVersion: String, kind: String, fields: inout YAMLFields) throws(DocumentFault) {
        guard let kind = Kind(rawValue: kind), Self.group(of: apiVersion) == kind.apiGroup else { return nil }
        let version = apiVersion.split(separator: "/").last.map(String.init) ?? ""
        guard kind.apiVersions.contains(version) else {
            let known = kind.apiVersions.joined(separator: " or ")
            throw fields.fault("apiVersion", "expected version \(known) of \(kind.rawValue), found \(version.quoted)")
        }
        let metadata = try Kubernetes.ObjectMeta(ofObjectIn: &fields, isNamespaced: kind.isNamespaced)
        self = try Self.object(of: kind, metadata, &fields)
        try fields.finish()
    }

    /// Empty for the core group.
    static func group(of apiVersion: String) -> String {
        let parts = apiVersion.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 2 ? String(parts[0]) : ""
    }

    private static func object(
        of kind: Kind, _ metadata: Kubernetes.ObjectMeta, _ fields: inout YAMLFields
    ) throws(DocumentFault) -> KubernetesObject {
        switch kind {
        case .namespace:
            fields.ignore(["spec", "status"])
            return .namespace(.init(metadata: metadata))
        case .serviceAccount:
            fields.ignore(KnownFields.serviceAccount)
            return .serviceAccount(.init(metadata: metadata))
        case .pod: return .pod(try .init(metadata, &fields))
        case .deployment: return .deployment(try .init(metadata, &fields))
        case .service: return .service(try .init(metadata, &fields))
        case .node: return .node(try .init(metadata, &fields))
        case .endpointSlice: return .endpointSlice(try .init(metadata, &fields))
        case .authorizationPolicy: return .authorizationPolicy(try .init(metadata, &fields))
        case .peerAuthentication: return .peerAuthentication(try .init(metadata, &fields))
        case .requestAuthentication: return .requestAuthentication(try .init(metadata, &fields))
        case .serviceEntry: return .serviceEntry(try .init(metadata, &fields))
        case .workloadEntry: return .workloadEntry(try .init(metadata, &fields))
        case .gateway: return .gateway(try .init(metadata, &fields))
        case .gatewayClass: return .gatewayClass(try .init(metadata, &fields))
        case .httpRoute: return .httpRoute(try .init(metadata, .http, &fields))
        case .grpcRoute: return .grpcRoute(try .init(metadata, .grpc, &fields))
        case .referenceGrant: return .referenceGrant(try .init(metadata, &fields))
        case .meshConfig: return .meshConfig(try .init(metadata, &fields))
        }
    }
}

extension YAMLFields {
    mutating func requiredFields(_ name: String) throws(DocumentFault) -> YAMLFields {
        guard let fields = try fields(name) else { throw fault(name, "expected a mapping, found nothing") }
        return fields
    }

    /// For policies, where a field that was left empty by mistake could mean "anyone".
    func refuseEmptyFields() throws(DocumentFault) {
        for entry in remaining where entry.value.isNull {
            throw DocumentFault(
                line: entry.line, field: path(of: entry.key.text), problem: "expected a value, found nothing")
        }
    }

    mutating func name(
        _ field: String, _ isName: (String) -> Bool, _ expected: String
    ) throws(DocumentFault) -> String {
        let line = line(of: field)
        let text = try requiredString(field)
        guard isName(text) else {
            throw DocumentFault(
                line: line, field: path(of: field), problem: "expected \(expected), found \(text.quoted)")
        }
        return text
    }
}
