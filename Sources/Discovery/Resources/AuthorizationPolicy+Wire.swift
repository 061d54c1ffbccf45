import Mesh
import SwiftProtobuf

/// Policies are read more strictly than the rest: a field that is not known may be a condition, and without it a rule
/// would allow more, or a denial hold for nobody.
extension AuthorizationPolicy {
    init(wire: WireAuthorization) throws(ResourceFault) {
        try wire.requireKnown("authorization")
        guard !wire.name.isEmpty else { throw .missing("name") }
        guard wire.extensions.isEmpty else {
            throw ResourceFault(
                field: "extensions", problem: "has \(wire.extensions[0].name.excerpt), which is not known")
        }
        let scope = try Scope(wire: wire.scope)
        if wire.namespace.isEmpty, scope != .global { throw .missing("namespace") }
        var rules: [Rule] = []
        for (index, rule) in wire.rules.enumerated() { rules.append(try Rule(wire: rule, "rules[\(index)]")) }
        self.init(
            name: wire.name, namespace: wire.namespace, scope: scope, action: try Action(wire: wire.action),
            rules: rules)
        isDryRun = wire.dryRun
    }

    /// Where a policy that cannot be followed applies, and what it does, as far as that much can be read: of one that
    /// speaks of itself by its own name, and whose fault is not that it says more than we know.
    static func outline(of name: String, decoding body: [UInt8]) -> (Scope?, Action?) {
        guard body.count <= DiscoveryLimits.resourceBytes,
            let wire = try? WireAuthorization(serializedBytes: body), wire.unknownFields.data.isEmpty,
            "\(wire.namespace)/\(wire.name)" == name
        else { return (nil, nil) }
        return (try? Scope(wire: wire.scope), try? Action(wire: wire.action))
    }

    var wire: WireAuthorization {
        .with {
            $0.name = name
            $0.namespace = namespace
            $0.scope = scope.wire
            $0.action = action.wire
            $0.rules = rules.map(\.wire)
            $0.dryRun = isDryRun
        }
    }
}

extension AuthorizationPolicy.Rule {
    fileprivate init(wire: WireRule, _ field: String) throws(ResourceFault) {
        try wire.requireKnown(field)
        self.init(clauses: [])
        for (index, clause) in wire.clauses.enumerated() {
            clauses.append(try AuthorizationPolicy.Clause(wire: clause, "\(field).clauses[\(index)]"))
        }
    }

    fileprivate var wire: WireRule { .with { $0.clauses = clauses.map(\.wire) } }
}

extension AuthorizationPolicy.Clause {
    fileprivate init(wire: WireClause, _ field: String) throws(ResourceFault) {
        try wire.requireKnown(field)
        self.init(matches: [])
        for (index, match) in wire.matches.enumerated() {
            matches.append(try AuthorizationPolicy.Match(wire: match, "\(field).matches[\(index)]"))
        }
    }

    fileprivate var wire: WireClause { .with { $0.matches = matches.map(\.wire) } }
}

extension AuthorizationPolicy.Match {
    fileprivate init(wire: WireMatch, _ field: String) throws(ResourceFault) {
        try wire.requireKnown(field)
        guard wire.extensions.isEmpty else {
            throw ResourceFault(
                field: "\(field).extensions", problem: "has \(wire.extensions[0].name.excerpt), which is not known")
        }
        self.init()
        namespaces = try wire.namespaces.read("\(field).namespaces", AuthorizationPolicy.StringMatch.init(wire:_:))
        notNamespaces = try wire.notNamespaces.read(
            "\(field).not_namespaces", AuthorizationPolicy.StringMatch.init(wire:_:))
        principals = try wire.principals.read("\(field).principals", AuthorizationPolicy.StringMatch.init(wire:_:))
        notPrincipals = try wire.notPrincipals.read(
            "\(field).not_principals", AuthorizationPolicy.StringMatch.init(wire:_:))
        sourceIPs = try wire.sourceIps.read("\(field).source_ips", IPPrefix.init(wire:_:))
        notSourceIPs = try wire.notSourceIps.read("\(field).not_source_ips", IPPrefix.init(wire:_:))
        destinationIPs = try wire.destinationIps.read("\(field).destination_ips", IPPrefix.init(wire:_:))
        notDestinationIPs = try wire.notDestinationIps.read("\(field).not_destination_ips", IPPrefix.init(wire:_:))
        destinationPorts = try wire.destinationPorts.read("\(field).destination_ports", UInt16.init(policyPort:_:))
        notDestinationPorts = try wire.notDestinationPorts.read(
            "\(field).not_destination_ports", UInt16.init(policyPort:_:))
        serviceAccounts = try wire.serviceAccounts.read("\(field).service_accounts", NamespacedName.init(wire:_:))
        notServiceAccounts = try wire.notServiceAccounts.read(
            "\(field).not_service_accounts", NamespacedName.init(wire:_:))
    }

    fileprivate var wire: WireMatch {
        .with {
            $0.namespaces = namespaces.map(\.wire)
            $0.notNamespaces = notNamespaces.map(\.wire)
            $0.principals = principals.map(\.wire)
            $0.notPrincipals = notPrincipals.map(\.wire)
            $0.sourceIps = sourceIPs.map(\.wire)
            $0.notSourceIps = notSourceIPs.map(\.wire)
            $0.destinationIps = destinationIPs.map(\.wire)
            $0.notDestinationIps = notDestinationIPs.map(\.wire)
            $0.destinationPorts = destinationPorts.map(UInt32.init)
            $0.notDestinationPorts = notDestinationPorts.map(UInt32.init)
            $0.serviceAccounts = serviceAccounts.map(\.accountWire)
            $0.notServiceAccounts = notServiceAccounts.map(\.accountWire)
        }
    }
}

extension AuthorizationPolicy.StringMatch {
    fileprivate init(wire: WireStringMatch, _ field: String) throws(ResourceFault) {
        try wire.requireKnown(field)
        switch wire.matchType {
        case .exact(let text): self = .exact(text)
        case .prefix(let text): self = .prefix(text)
        case .suffix(let text): self = .suffix(text)
        case .presence: self = .presence
        case nil: throw ResourceFault(field: field, problem: "is none of exact, prefix, suffix and presence")
        }
    }

    fileprivate var wire: WireStringMatch {
        .with {
            switch self {
            case .exact(let text): $0.exact = text
            case .prefix(let text): $0.prefix = text
            case .suffix(let text): $0.suffix = text
            case .presence: $0.presence = .init()
            }
        }
    }
}

extension IPPrefix {
    fileprivate init(wire: WirePrefixAddress, _ field: String) throws(ResourceFault) {
        try wire.requireKnown(field)
        try self.init(address: wire.address, length: wire.length, field)
    }

    fileprivate var wire: WirePrefixAddress {
        .with {
            $0.address = address.wire
            $0.length = UInt32(length)
        }
    }
}

extension NamespacedName {
    fileprivate init(wire: WireServiceAccountMatch, _ field: String) throws(ResourceFault) {
        try wire.requireKnown(field)
        guard !wire.namespace.isEmpty, !wire.serviceAccount.isEmpty else { throw .missing(field) }
        self.init(namespace: wire.namespace, name: wire.serviceAccount)
    }

    fileprivate var accountWire: WireServiceAccountMatch {
        .with {
            $0.namespace = namespace
            $0.serviceAccount = name
        }
    }
}

extension UInt16 {
    fileprivate init(policyPort wire: UInt32, _ field: String) throws(ResourceFault) {
        try self.init(wire: wire, field)
    }
}

extension Array {
    /// Each value, with its place as the field's name.
    fileprivate func read<Value>(
        _ field: String, _ read: (Element, String) throws(ResourceFault) -> Value
    ) throws(ResourceFault) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(count)
        for (index, element) in enumerated() { values.append(try read(element, "\(field)[\(index)]")) }
        return values
    }
}

extension Message {
    fileprivate func requireKnown(_ field: String) throws(ResourceFault) {
        guard unknownFields.data.isEmpty else {
            throw ResourceFault(field: field, problem: "has a field that is not known")
        }
    }
}

// MARK: - Words

extension AuthorizationPolicy.Scope {
    fileprivate init(wire: WireScope) throws(ResourceFault) {
        switch wire {
        case .global: self = .global
        case .namespace: self = .namespace
        case .workloadSelector: self = .workloadSelector
        case .UNRECOGNIZED: throw .unknown("scope", wire.rawValue)
        }
    }

    fileprivate var wire: WireScope {
        switch self {
        case .global: .global
        case .namespace: .namespace
        case .workloadSelector: .workloadSelector
        }
    }
}

extension AuthorizationPolicy.Action {
    fileprivate init(wire: WireAction) throws(ResourceFault) {
        switch wire {
        case .allow: self = .allow
        case .deny: self = .deny
        case .UNRECOGNIZED: throw .unknown("action", wire.rawValue)
        }
    }

    fileprivate var wire: WireAction {
        switch self {
        case .allow: .allow
        case .deny: .deny
        }
    }
}
