/// Whether rules, clauses and matches hold for a connection. Nothing here allocates.
extension AuthorizationPolicy.Rule {
    /// All clauses hold; a rule without clauses always does.
    package func holds(for attributes: ConnectionAttributes) -> Bool {
        clauses.allSatisfy { $0.holds(for: attributes) }
    }
}

extension AuthorizationPolicy.Clause {
    /// One match holds; a clause without matches always does.
    package func holds(for attributes: ConnectionAttributes) -> Bool {
        matches.isEmpty || matches.contains { $0.holds(for: attributes) }
    }
}

extension AuthorizationPolicy.Match {
    /// The fields of a match, as the parts that hold or fail on their own.
    package enum Field: UInt8, CaseIterable, Hashable, Sendable {
        case destinationPorts, notDestinationPorts, sourceIPs, notSourceIPs, destinationIPs, notDestinationIPs
        case namespaces, notNamespaces, serviceAccounts, notServiceAccounts, principals, notPrincipals
    }

    enum FieldVerdict { case notGiven, holds, fails }

    /// Every field that is given holds, and one is given.
    package func holds(for attributes: ConnectionAttributes) -> Bool {
        var isGiven = false
        for field in Field.allCases {
            switch verdict(of: field, for: attributes) {
            case .notGiven: continue
            case .holds: isGiven = true
            case .fails: return false
            }
        }
        return isGiven
    }

    func verdict(of field: Field, for attributes: ConnectionAttributes) -> FieldVerdict {
        switch field {
        case .destinationPorts: return any(destinationPorts) { $0 == attributes.destination.port }
        case .notDestinationPorts: return none(notDestinationPorts) { $0 == attributes.destination.port }
        case .sourceIPs: return any(sourceIPs) { $0.contains(attributes.source) }
        case .notSourceIPs: return none(notSourceIPs) { $0.contains(attributes.source) }
        case .destinationIPs: return any(destinationIPs) { $0.contains(attributes.destination.ip) }
        case .notDestinationIPs: return none(notDestinationIPs) { $0.contains(attributes.destination.ip) }
        case .namespaces: return any(namespaces) { $0.holds(forNamespaceOf: attributes.sourceIdentity) }
        case .notNamespaces: return none(notNamespaces) { $0.holds(forNamespaceOf: attributes.sourceIdentity) }
        case .serviceAccounts: return any(serviceAccounts) { attributes.sourceIdentity.hasServiceAccount($0) }
        case .notServiceAccounts: return none(notServiceAccounts) { attributes.sourceIdentity.hasServiceAccount($0) }
        case .principals: return any(principals) { $0.holds(forPrincipalOf: attributes.sourceIdentity) }
        case .notPrincipals: return none(notPrincipals) { $0.holds(forPrincipalOf: attributes.sourceIdentity) }
        }
    }

    private func any<Value>(_ values: [Value], _ holds: (Value) -> Bool) -> FieldVerdict {
        values.isEmpty ? .notGiven : values.contains(where: holds) ? .holds : .fails
    }

    private func none<Value>(_ values: [Value], _ holds: (Value) -> Bool) -> FieldVerdict {
        values.isEmpty ? .notGiven : values.contains(where: holds) ? .fails : .holds
    }
}

extension AuthorizationPolicy.StringMatch {
    /// Without an identity the namespace is the empty string.
    func holds(forNamespaceOf identity: SPIFFEIdentity?) -> Bool {
        let namespace = identity?.namespace ?? ""
        switch self {
        case .exact(let text): return namespace == text
        case .prefix(let text): return namespace.utf8.starts(with: text.utf8)
        case .suffix(let text): return namespace.utf8.reversed().starts(with: text.utf8.reversed())
        case .presence: return !namespace.isEmpty
        }
    }

    /// Without an identity there is no principal, and nothing holds.
    func holds(forPrincipalOf identity: SPIFFEIdentity?) -> Bool {
        guard let identity else { return false }
        switch self {
        case .exact(let text): return identity.hasPrincipal(text)
        case .prefix(let text): return identity.principalStarts(with: text)
        case .suffix(let text): return identity.principalEnds(with: text)
        case .presence: return true
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
