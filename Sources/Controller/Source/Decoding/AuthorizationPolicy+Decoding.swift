import Discovery
import Mesh

/// A policy that was misread could let in whom it was to keep out, so here nothing may be empty that is written down.
extension Kubernetes.AuthorizationPolicy {
    init(_ metadata: Kubernetes.ObjectMeta, _ object: inout YAMLFields) throws(DocumentFault) {
        self.init(metadata: metadata)
        object.ignore(["status"])
        guard var fields = try object.fields("spec") else { return }
        try fields.refuseEmptyFields()
        selector = try fields.policySelector()
        targets = try fields.policyTargets(besideSelector: selector != nil)
        action = try fields.optionalWord("action", of: Action.self) ?? action
        rules = try fields.list("rules", Rule.init(node:path:))
        if var provider = try fields.fields("provider") {
            self.provider = try provider.requiredString("name")
            try provider.finish()
        }
        try requireSense(fields)
        try fields.finish()
    }

    private func requireSense(_ fields: YAMLFields) throws(DocumentFault) {
        guard rules.count <= 512 else { throw fields.fault("rules", "expected at most 512, found \(rules.count)") }
        guard action != .deny || !rules.isEmpty else {
            throw fields.fault("rules", "expected at least one rule for DENY, which else denies nothing")
        }
        guard (action == .custom) == !provider.isEmpty else {
            throw fields.fault("provider", "expected with action CUSTOM, and with no other")
        }
    }
}

extension Kubernetes.AuthorizationPolicy.TargetReference {
    fileprivate init(node: YAMLNode, path: String) throws(DocumentFault) {
        var fields = try YAMLFields(node, path: path)
        self.init(
            group: try fields.string("group") ?? "", kind: try fields.requiredString("kind"),
            name: try fields.requiredString("name"), namespace: try fields.string("namespace") ?? "")
        try fields.finish()
    }
}

extension Kubernetes.AuthorizationPolicy.Rule {
    fileprivate init(node: YAMLNode, path: String) throws(DocumentFault) {
        self.init()
        var fields = try YAMLFields(node, path: path)
        try fields.refuseEmptyFields()
        from = try fields.filledList("from") { (node, path) throws(DocumentFault) in
            try .init(try Self.inner("source", of: node, path: path))
        }
        to = try fields.filledList("to") { (node, path) throws(DocumentFault) in
            try .init(try Self.inner("operation", of: node, path: path))
        }
        when = try fields.filledList("when", Kubernetes.AuthorizationPolicy.Condition.init(node:path:))
        guard from.count <= 512 else { throw fields.fault("from", "expected at most 512, found \(from.count)") }
        try fields.finish()
    }

    /// The one field of an item of `from` or `to`, which must say something.
    private static func inner(
        _ name: String, of node: YAMLNode, path: String
    ) throws(DocumentFault) -> YAMLFields {
        var fields = try YAMLFields(node, path: path)
        let inner = try fields.requiredFields(name)
        try fields.finish()
        guard !inner.isEmpty else { throw fields.fault(name, "expected at least one field") }
        try inner.refuseEmptyFields()
        return inner
    }
}

extension Kubernetes.AuthorizationPolicy.Source {
    fileprivate init(_ source: YAMLFields) throws(DocumentFault) {
        var fields = source
        self.init()
        principals = try fields.patterns("principals")
        notPrincipals = try fields.patterns("notPrincipals")
        requestPrincipals = try fields.patterns("requestPrincipals")
        notRequestPrincipals = try fields.patterns("notRequestPrincipals")
        namespaces = try fields.patterns("namespaces")
        notNamespaces = try fields.patterns("notNamespaces")
        serviceAccounts = try fields.serviceAccounts("serviceAccounts")
        notServiceAccounts = try fields.serviceAccounts("notServiceAccounts")
        ipBlocks = try fields.networks("ipBlocks")
        notIpBlocks = try fields.networks("notIpBlocks")
        remoteIpBlocks = try fields.networks("remoteIpBlocks")
        notRemoteIpBlocks = try fields.networks("notRemoteIpBlocks")
        trustDomains = try fields.patterns("trustDomains")
        notTrustDomains = try fields.patterns("notTrustDomains")
        try fields.finish()
    }
}

extension Kubernetes.AuthorizationPolicy.Operation {
    fileprivate init(_ operation: YAMLFields) throws(DocumentFault) {
        var fields = operation
        self.init()
        hosts = try fields.patterns("hosts")
        notHosts = try fields.patterns("notHosts")
        ports = try fields.portTexts("ports")
        notPorts = try fields.portTexts("notPorts")
        methods = try fields.patterns("methods")
        notMethods = try fields.patterns("notMethods")
        paths = try fields.patterns("paths")
        notPaths = try fields.patterns("notPaths")
        try fields.finish()
    }
}

extension Kubernetes.AuthorizationPolicy.Condition {
    fileprivate init(node: YAMLNode, path: String) throws(DocumentFault) {
        var fields = try YAMLFields(node, path: path)
        try fields.refuseEmptyFields()
        self.init(key: try fields.requiredString("key"))
        switch key {
        case "source.ip", "destination.ip":
            values = try fields.networks("values")
            notValues = try fields.networks("notValues")
        case "destination.port":
            values = try fields.portTexts("values")
            notValues = try fields.portTexts("notValues")
        default:
            values = try fields.patterns("values")
            notValues = try fields.patterns("notValues")
        }
        guard !values.isEmpty || !notValues.isEmpty else {
            throw fields.fault("values", "expected values or notValues")
        }
        try fields.finish()
    }
}

extension YAMLFields {
    /// Of a policy: labels alone.
    mutating func policySelector() throws(DocumentFault) -> [String: String]? {
        guard var selector = try fields("selector") else { return nil }
        try selector.refuseEmptyFields()
        let labels = try selector.labels("matchLabels")
        try selector.finish()
        return labels
    }

    /// What a policy is attached to, by the old field or the new one.
    mutating func policyTargets(
        besideSelector hasSelector: Bool
    ) throws(DocumentFault) -> [Kubernetes.AuthorizationPolicy.TargetReference] {
        var targets: [Kubernetes.AuthorizationPolicy.TargetReference] = []
        if let node = take("targetRef") { targets = [try .init(node: node, path: path(of: "targetRef"))] }
        let more = try list("targetRefs", Kubernetes.AuthorizationPolicy.TargetReference.init(node:path:))
        guard [hasSelector, !targets.isEmpty, !more.isEmpty].count(where: { $0 }) <= 1 else {
            throw fault("targetRefs", "expected only one of selector, targetRef and targetRefs")
        }
        targets += more
        guard targets.count <= 16 else { throw fault("targetRefs", "expected at most 16") }
        return targets
    }

    /// A list that has an item if it is there.
    mutating func filledList<Item>(
        _ name: String, _ read: (YAMLNode, String) throws(DocumentFault) -> Item
    ) throws(DocumentFault) -> [Item] {
        guard let node = take(name) else { return [] }
        let items = try node.list(at: path(of: name), read)
        guard !items.isEmpty else { throw node.fault(at: path(of: name), "expected at least one item") }
        return items
    }

    fileprivate mutating func patterns(_ name: String) throws(DocumentFault) -> [String] {
        try filledList(name) { (node, path) throws(DocumentFault) in
            let text = try node.string(at: path)
            guard !text.isEmpty else { throw node.fault(at: path, "expected a text that is not empty") }
            return text
        }
    }

    fileprivate mutating func networks(_ name: String) throws(DocumentFault) -> [String] {
        try filledList(name) { (node, path) throws(DocumentFault) in
            _ = try node.prefix(at: path)
            return try node.string(at: path)
        }
    }

    fileprivate mutating func portTexts(_ name: String) throws(DocumentFault) -> [String] {
        try filledList(name) { (node, path) throws(DocumentFault) in
            let text = try node.string(at: path)
            guard let port = UInt16(decimal: text), port > 0 else {
                throw node.fault(at: path, "expected a port from 1 to 65535 in quotes, found \(text.quoted)")
            }
            return text
        }
    }

    fileprivate mutating func serviceAccounts(_ name: String) throws(DocumentFault) -> [String] {
        try filledList(name) { (node, path) throws(DocumentFault) in
            let text = try node.string(at: path)
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            let isName = parts.count <= 2 && parts.last.map { ObjectName.isSubdomain(String($0)) } == true
            guard isName, parts.count == 1 || ObjectName.isLabel(parts[0]) else {
                throw node.fault(
                    at: path, "expected a service account as name or namespace/name, found \(text.quoted)")
            }
            return text
        }
    }
}
