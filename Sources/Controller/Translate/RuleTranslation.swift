import Discovery
import Mesh

/// One rule of a policy, taken apart into what connections can be judged by and what takes a request.
struct RuleTranslation {
    struct Fault: Hashable {
        /// Within the rule, such as `.from[0].source.ipBlocks`.
        let field: String
        let problem: String
    }

    /// One of the lists that all must hold: `from`, `to` or a condition.
    private struct Part {
        /// The alternatives, as far as they can be judged here.
        var matches: [AuthorizationPolicy.Match] = []
        /// Whether an alternative has nothing that can be judged here.
        var hasUnknown = false
    }

    private let rule: Kubernetes.AuthorizationPolicy.Rule
    private let namespace: String
    private var parts: [Part] = []
    private(set) var faults: [Fault] = []
    /// The fields that only a waypoint can judge, in order.
    private(set) var requestParts: [String] = []

    /// - Parameter namespace: of the policy, where a service account without one is meant to be.
    init(_ rule: Kubernetes.AuthorizationPolicy.Rule, namespace: String) {
        self.rule = rule
        self.namespace = namespace
    }

    /// Whether anything is left to judge a connection by. A rule that asks for nothing holds for all.
    var hasRemainder: Bool { parts.contains { !$0.matches.isEmpty } || parts.isEmpty }

    mutating func read() {
        readFrom()
        readTo()
        for (index, condition) in rule.when.enumerated() { read(condition, at: ".when[\(index)]") }
    }

    /// What was written, if all of it can be judged; else nothing.
    func allowRule() -> AuthorizationPolicy.Rule {
        guard requestParts.isEmpty else { return .never }
        return AuthorizationPolicy.Rule(clauses: parts.map { AuthorizationPolicy.Clause(matches: $0.matches) })
    }

    /// At least what was written, as far as anything of it can be judged: a part with an alternative that cannot is taken as
    /// holding. Where every part has such an alternative, whatever matches any other denies.
    func denyRule() -> AuthorizationPolicy.Rule {
        guard hasRemainder else { return .never }
        let firm = parts.filter { !$0.hasUnknown }
        guard firm.isEmpty, !parts.isEmpty else {
            return AuthorizationPolicy.Rule(clauses: firm.map { AuthorizationPolicy.Clause(matches: $0.matches) })
        }
        return AuthorizationPolicy.Rule(clauses: [AuthorizationPolicy.Clause(matches: parts.flatMap(\.matches))])
    }
}

extension AuthorizationPolicy.Rule {
    /// Holds its place and never matches: an empty match does not hold.
    fileprivate static let never = AuthorizationPolicy.Rule(clauses: [
        AuthorizationPolicy.Clause(matches: [AuthorizationPolicy.Match()])
    ])
}

// MARK: - Sources and operations

extension RuleTranslation {
    private mutating func readFrom() {
        guard !rule.from.isEmpty else { return }
        var part = Part()
        for (index, source) in rule.from.enumerated() {
            add(match(of: source, at: ".from[\(index)].source"), to: &part)
        }
        parts.append(part)
    }

    private mutating func readTo() {
        guard !rule.to.isEmpty else { return }
        var part = Part()
        for (index, operation) in rule.to.enumerated() {
            add(match(of: operation, at: ".to[\(index)].operation"), to: &part)
        }
        parts.append(part)
    }

    private func add(_ match: AuthorizationPolicy.Match, to part: inout Part) {
        if match == AuthorizationPolicy.Match() { part.hasUnknown = true } else { part.matches.append(match) }
    }

    private mutating func match(
        of source: Kubernetes.AuthorizationPolicy.Source, at path: String
    ) -> AuthorizationPolicy.Match {
        note("requestPrincipals", source.requestPrincipals)
        note("notRequestPrincipals", source.notRequestPrincipals)
        note("remoteIpBlocks", source.remoteIpBlocks)
        note("notRemoteIpBlocks", source.notRemoteIpBlocks)
        var match = AuthorizationPolicy.Match()
        match.principals = source.principals.map(Self.principal)
        match.notPrincipals = source.notPrincipals.map(Self.principal)
        match.namespaces = source.namespaces.map(StringPattern.match)
        match.notNamespaces = source.notNamespaces.map(StringPattern.match)
        match.serviceAccounts = accounts(source.serviceAccounts, "\(path).serviceAccounts")
        match.notServiceAccounts = accounts(source.notServiceAccounts, "\(path).notServiceAccounts")
        match.sourceIPs = networks(source.ipBlocks, "\(path).ipBlocks")
        match.notSourceIPs = networks(source.notIpBlocks, "\(path).notIpBlocks")
        addTrustDomains(of: source, to: &match)
        return match
    }

    /// A trust domain is the beginning of a principal. What cannot be said so is left to a waypoint.
    private mutating func addTrustDomains(
        of source: Kubernetes.AuthorizationPolicy.Source, to match: inout AuthorizationPolicy.Match
    ) {
        let isSayable = source.principals.isEmpty && !source.trustDomains.contains { $0.contains("*") }
        if isSayable {
            match.principals += source.trustDomains.map { .prefix("\($0)/") }
        } else {
            note("trustDomains", source.trustDomains)
        }
        if source.notTrustDomains.contains(where: { $0.contains("*") }) {
            note("notTrustDomains", source.notTrustDomains)
        } else {
            match.notPrincipals += source.notTrustDomains.map { .prefix("\($0)/") }
        }
    }

    private mutating func match(
        of operation: Kubernetes.AuthorizationPolicy.Operation, at path: String
    ) -> AuthorizationPolicy.Match {
        note("hosts", operation.hosts)
        note("notHosts", operation.notHosts)
        note("methods", operation.methods)
        note("notMethods", operation.notMethods)
        note("paths", operation.paths)
        note("notPaths", operation.notPaths)
        var match = AuthorizationPolicy.Match()
        match.destinationPorts = ports(operation.ports, "\(path).ports")
        match.notDestinationPorts = ports(operation.notPorts, "\(path).notPorts")
        return match
    }

    private mutating func note(_ field: String, _ values: [String]) {
        if !values.isEmpty, !requestParts.contains(field) { requestParts.append(field) }
    }
}

// MARK: - Conditions

extension RuleTranslation {
    private mutating func read(_ condition: Kubernetes.AuthorizationPolicy.Condition, at path: String) {
        var match = AuthorizationPolicy.Match()
        let (values, notValues) = (condition.values, condition.notValues)
        switch condition.key {
        case "source.ip":
            match.sourceIPs = networks(values, "\(path).values")
            match.notSourceIPs = networks(notValues, "\(path).notValues")
        case "source.namespace":
            match.namespaces = values.map(StringPattern.match)
            match.notNamespaces = notValues.map(StringPattern.match)
        case "source.principal":
            match.principals = values.map(Self.principal)
            match.notPrincipals = notValues.map(Self.principal)
        case "destination.ip":
            match.destinationIPs = networks(values, "\(path).values")
            match.notDestinationIPs = networks(notValues, "\(path).notValues")
        case "destination.port":
            match.destinationPorts = ports(values, "\(path).values")
            match.notDestinationPorts = ports(notValues, "\(path).notValues")
        default: note("when \(condition.key.quoted)", ["\(condition.key)"])
        }
        var part = Part()
        add(match, to: &part)
        parts.append(part)
    }
}

// MARK: - Values

extension RuleTranslation {
    /// Users write SPIFFE URIs too; what is compared has no scheme.
    private static func principal(_ text: String) -> AuthorizationPolicy.StringMatch {
        let scheme = "spiffe://"
        return StringPattern.match(text.hasPrefix(scheme) ? String(text.dropFirst(scheme.count)) : text)
    }

    private mutating func networks(_ texts: [String], _ field: String) -> [IPPrefix] {
        values(texts, field, "an IP address or a network as address/length") { IPPrefix($0) }
    }

    private mutating func ports(_ texts: [String], _ field: String) -> [UInt16] {
        values(texts, field, "a port from 1 to 65535") { text in UInt16(decimal: text).flatMap { $0 > 0 ? $0 : nil } }
    }

    private mutating func accounts(_ texts: [String], _ field: String) -> [NamespacedName] {
        let own = namespace
        return values(texts, field, "a service account as name or namespace/name") { text in
            let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
            return NamespacedName(namespace: parts.count == 2 ? parts[0] : own, name: parts[parts.count - 1])
        }
    }

    private mutating func values<Value>(
        _ texts: [String], _ field: String, _ expected: String, _ value: (String) -> Value?
    ) -> [Value] {
        texts.enumerated().compactMap { index, text in
            if let value = value(text) { return value }
            faults.append(Fault(field: "\(field)[\(index)]", problem: "expected \(expected), found \(text.quoted)"))
            return nil
        }
    }
}
