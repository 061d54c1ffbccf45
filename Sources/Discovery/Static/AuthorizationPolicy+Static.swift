import Mesh

extension AuthorizationPolicy {
    init(node: YAMLNode, path: String) throws(DocumentFault) {
        var fields = try YAMLFields(node, path: path)
        self.init(
            name: try fields.requiredString("name"), namespace: try fields.string("namespace") ?? "",
            scope: try fields.requiredWord("scope", among: StaticWords.policyScopes),
            action: try fields.requiredWord("action", among: StaticWords.policyActions),
            rules: try fields.list("rules", Rule.init(node:path:)))
        isDryRun = try fields.boolean("dryRun") ?? false
        if namespace.isEmpty, scope != .global {
            throw fields.fault("namespace", "expected the namespace of a policy that is not Global")
        }
        try fields.finish()
    }

    var yaml: YAMLNode {
        .fields([
            "name": .text(name), "namespace": .text(namespace), "scope": .text(scope.rawValue),
            "action": .text(action.rawValue), "rules": .list(rules.map(\.yaml)),
            "dryRun": isDryRun ? .literal(true) : nil,
        ])
    }
}

extension AuthorizationPolicy.Rule {
    fileprivate init(node: YAMLNode, path: String) throws(DocumentFault) {
        self.init(clauses: try node.list(at: path, AuthorizationPolicy.Clause.init(node:path:)))
    }

    fileprivate var yaml: YAMLNode { .list(clauses.map(\.yaml)) }
}

extension AuthorizationPolicy.Clause {
    fileprivate init(node: YAMLNode, path: String) throws(DocumentFault) {
        self.init(matches: try node.list(at: path, AuthorizationPolicy.Match.init(node:path:)))
    }

    fileprivate var yaml: YAMLNode { .list(matches.map(\.yaml)) }
}

extension AuthorizationPolicy.Match {
    fileprivate init(node: YAMLNode, path: String) throws(DocumentFault) {
        self.init()
        var fields = try YAMLFields(node, path: path)
        namespaces = try fields.list("namespaces", AuthorizationPolicy.StringMatch.init(node:path:))
        notNamespaces = try fields.list("notNamespaces", AuthorizationPolicy.StringMatch.init(node:path:))
        serviceAccounts = try fields.list("serviceAccounts", NamespacedName.init(serviceAccount:path:))
        notServiceAccounts = try fields.list("notServiceAccounts", NamespacedName.init(serviceAccount:path:))
        principals = try fields.list("principals", AuthorizationPolicy.StringMatch.init(node:path:))
        notPrincipals = try fields.list("notPrincipals", AuthorizationPolicy.StringMatch.init(node:path:))
        sourceIPs = try fields.prefixes("sourceIps")
        notSourceIPs = try fields.prefixes("notSourceIps")
        destinationIPs = try fields.prefixes("destinationIps")
        notDestinationIPs = try fields.prefixes("notDestinationIps")
        destinationPorts = try fields.ports("destinationPorts")
        notDestinationPorts = try fields.ports("notDestinationPorts")
        try fields.finish()
    }

    fileprivate var yaml: YAMLNode {
        .fields([
            "namespaces": .unlessEmpty(namespaces.map(\.yaml)),
            "notNamespaces": .unlessEmpty(notNamespaces.map(\.yaml)),
            "serviceAccounts": .unlessEmpty(serviceAccounts.map(\.serviceAccountNode)),
            "notServiceAccounts": .unlessEmpty(notServiceAccounts.map(\.serviceAccountNode)),
            "principals": .unlessEmpty(principals.map(\.yaml)),
            "notPrincipals": .unlessEmpty(notPrincipals.map(\.yaml)),
            "sourceIps": .unlessEmpty(sourceIPs.map { .text($0.description) }),
            "notSourceIps": .unlessEmpty(notSourceIPs.map { .text($0.description) }),
            "destinationIps": .unlessEmpty(destinationIPs.map { .text($0.description) }),
            "notDestinationIps": .unlessEmpty(notDestinationIPs.map { .text($0.description) }),
            "destinationPorts": .unlessEmpty(destinationPorts.map { .literal($0) }),
            "notDestinationPorts": .unlessEmpty(notDestinationPorts.map { .literal($0) }),
        ])
    }
}

extension AuthorizationPolicy.StringMatch {
    /// One variant with its value: `{Exact: x}`, `{Prefix: x}`, `{Suffix: x}`, `{Presence: []}`.
    fileprivate init(node: YAMLNode, path: String) throws(DocumentFault) {
        guard case .mapping(let entries) = node.content, entries.count == 1, let entry = entries.first else {
            throw node.fault(at: path, "expected one of Exact, Prefix, Suffix and Presence, found \(node.kind)")
        }
        let field = "\(path).\(entry.key.text)"
        switch entry.key.text {
        case "Exact": self = .exact(try entry.value.string(at: field))
        case "Prefix": self = .prefix(try entry.value.string(at: field))
        case "Suffix": self = .suffix(try entry.value.string(at: field))
        case "Presence":
            guard entry.value.isNull || entry.value.content == .sequence([]) || entry.value.content == .mapping([])
            else { throw entry.value.fault(at: field, "expected [], found \(entry.value.kind)") }
            self = .presence
        default:
            throw node.fault(
                at: path, "expected one of Exact, Prefix, Suffix and Presence, found \(entry.key.text.quoted)")
        }
    }

    fileprivate var yaml: YAMLNode {
        switch self {
        case .exact(let text): .fields(["Exact": .text(text)])
        case .prefix(let text): .fields(["Prefix": .text(text)])
        case .suffix(let text): .fields(["Suffix": .text(text)])
        case .presence: .fields(["Presence": .list([])])
        }
    }
}

extension NamespacedName {
    fileprivate init(serviceAccount node: YAMLNode, path: String) throws(DocumentFault) {
        var fields = try YAMLFields(node, path: path)
        self.init(
            namespace: try fields.requiredString("namespace"), name: try fields.requiredString("serviceAccount"))
        try fields.finish()
    }

    fileprivate var serviceAccountNode: YAMLNode {
        .fields(["namespace": .text(namespace), "serviceAccount": .text(name)])
    }
}

extension YAMLFields {
    fileprivate mutating func prefixes(_ name: String) throws(DocumentFault) -> [IPPrefix] {
        try list(name) { (node, path) throws(DocumentFault) in try node.prefix(at: path) }
    }

    fileprivate mutating func ports(_ name: String) throws(DocumentFault) -> [UInt16] {
        try list(name) { (node, path) throws(DocumentFault) in try node.port(at: path) }
    }

    fileprivate mutating func requiredWord<Word: Sendable>(
        _ name: String, among words: [(String, Word)]
    ) throws(DocumentFault) -> Word {
        guard let node = take(name) else {
            throw fault(name, "expected one of \(words.map(\.0).joined(separator: ", ")), found nothing")
        }
        return try node.word(among: words, at: path(of: name))
    }
}
