/// Whether rules, clauses and matches hold for a connection.
extension AuthorizationPolicy.Rule {
    /// All clauses hold; a rule without clauses always does.
    package func holds(for attributes: ConnectionAttributes) -> Bool { CompiledRule(self).holds(for: attributes) }
}

/// A rule in the form in which it is asked: of each match only what is given, so that asking touches little memory.
struct CompiledRule: Sendable {
    /// Clauses of matches of conditions.
    private let clauses: [[[MatchCondition]]]

    init(_ rule: AuthorizationPolicy.Rule) {
        clauses = rule.clauses.map { $0.matches.map(\.conditions) }
    }

    /// One match of each clause holds; a clause without matches always does. Does not allocate.
    func holds(for attributes: ConnectionAttributes) -> Bool {
        for matches in clauses where !matches.isEmpty {
            guard matches.contains(where: { Self.holds($0, for: attributes) }) else { return false }
        }
        return true
    }

    /// Every condition holds, and there is one: the all-empty match never holds.
    private static func holds(_ conditions: [MatchCondition], for attributes: ConnectionAttributes) -> Bool {
        for condition in conditions where !condition.holds(for: attributes) { return false }
        return !conditions.isEmpty
    }
}

extension AuthorizationPolicy.Match {
    /// The fields of a match, as the parts that hold or fail on their own.
    package enum Field: UInt8, CaseIterable, Hashable, Sendable {
        case destinationPorts, notDestinationPorts, sourceIPs, notSourceIPs, destinationIPs, notDestinationIPs
        case namespaces, notNamespaces, serviceAccounts, notServiceAccounts, principals, notPrincipals
    }

    /// The fields that are given, the cheapest to ask first.
    var conditions: [MatchCondition] {
        let all: [MatchCondition] = [
            MatchCondition(.destinationPorts, .ports(destinationPorts)),
            MatchCondition(.notDestinationPorts, .ports(notDestinationPorts)),
            MatchCondition(.sourceIPs, .networks(sourceIPs)),
            MatchCondition(.notSourceIPs, .networks(notSourceIPs)),
            MatchCondition(.destinationIPs, .networks(destinationIPs)),
            MatchCondition(.notDestinationIPs, .networks(notDestinationIPs)),
            MatchCondition(.namespaces, .namespaces(namespaces)),
            MatchCondition(.notNamespaces, .namespaces(notNamespaces)),
            MatchCondition(.serviceAccounts, .accounts(serviceAccounts)),
            MatchCondition(.notServiceAccounts, .accounts(notServiceAccounts)),
            MatchCondition(.principals, .principals(principals.map(PrincipalMatch.init))),
            MatchCondition(.notPrincipals, .principals(notPrincipals.map(PrincipalMatch.init))),
        ]
        return all.filter { !$0.values.isEmpty }
    }
}

/// One field of a match with its values.
struct MatchCondition: Sendable {
    enum Values: Sendable {
        case ports([UInt16])
        case networks([IPPrefix])
        case accounts([NamespacedName])
        case namespaces([AuthorizationPolicy.StringMatch])
        case principals([PrincipalMatch])

        var isEmpty: Bool {
            switch self {
            case .ports(let ports): return ports.isEmpty
            case .networks(let networks): return networks.isEmpty
            case .accounts(let accounts): return accounts.isEmpty
            case .namespaces(let namespaces): return namespaces.isEmpty
            case .principals(let principals): return principals.isEmpty
            }
        }
    }

    let field: AuthorizationPolicy.Match.Field
    let values: Values

    init(_ field: AuthorizationPolicy.Match.Field, _ values: Values) {
        self.field = field
        self.values = values
    }

    /// One value of a positive field holds, none of a negative one.
    func holds(for attributes: ConnectionAttributes) -> Bool {
        switch field {
        case .destinationPorts, .sourceIPs, .destinationIPs, .namespaces, .serviceAccounts, .principals:
            return oneHolds(for: attributes)
        case .notDestinationPorts, .notSourceIPs, .notDestinationIPs, .notNamespaces, .notServiceAccounts,
            .notPrincipals:
            return !oneHolds(for: attributes)
        }
    }

    private func oneHolds(for attributes: ConnectionAttributes) -> Bool {
        switch values {
        case .ports(let ports): return ports.contains(attributes.destination.port)
        case .networks(let networks):
            let isSource = field == .sourceIPs || field == .notSourceIPs
            let ip = isSource ? attributes.source : attributes.destination.ip
            return networks.contains { $0.contains(ip) }
        case .accounts(let accounts):
            return accounts.contains {
                attributes.sourceIdentity.hasServiceAccount($0) || attributes.waypoint.hasServiceAccount($0)
            }
        case .namespaces(let namespaces):
            // Without an identity the namespace is the empty string.
            let namespace = attributes.sourceIdentity?.namespace ?? ""
            return namespaces.contains { $0.holds(for: namespace) }
        case .principals(let principals):
            if let waypoint = attributes.waypoint, principals.contains(where: { $0.names(waypoint) }) { return true }
            // Without an identity there is no principal, and nothing holds.
            guard let identity = attributes.sourceIdentity else { return false }
            return principals.contains { $0.holds(for: identity) }
        }
    }
}

extension AuthorizationPolicy.StringMatch {
    fileprivate func holds(for value: String) -> Bool {
        switch self {
        case .exact(let text): return value == text
        case .prefix(let text): return value.startsBytewise(with: text)
        case .suffix(let text): return value.endsBytewise(with: text)
        case .presence: return !value.isEmpty
        }
    }
}

/// What is asked of a principal: `td/ns/x/sa/y`, without `spiffe://`.
enum PrincipalMatch: Sendable {
    case exact(SPIFFEIdentity)
    case prefix(String), suffix(String)
    case presence
    /// An exact text that is nobody's principal.
    case never

    init(_ match: AuthorizationPolicy.StringMatch) {
        switch match {
        case .exact(let text): self = SPIFFEIdentity("spiffe://\(text)").map { .exact($0) } ?? .never
        case .prefix(let text): self = .prefix(text)
        case .suffix(let text): self = .suffix(text)
        case .presence: self = .presence
        }
    }

    /// Whether this means just this one.
    func names(_ identity: SPIFFEIdentity) -> Bool {
        if case .exact(let exact) = self { exact == identity } else { false }
    }

    func holds(for identity: SPIFFEIdentity) -> Bool {
        switch self {
        case .exact(let exact): return identity == exact
        case .prefix(let text): return identity.principalStarts(with: text)
        case .suffix(let text): return identity.principalEnds(with: text)
        case .presence: return true
        case .never: return false
        }
    }
}

extension SPIFFEIdentity? {
    /// Compares namespace and service account in any trust domain.
    fileprivate func hasServiceAccount(_ account: NamespacedName) -> Bool {
        guard let self else { return false }
        return self.namespace == account.namespace && self.serviceAccount == account.name
    }
}
