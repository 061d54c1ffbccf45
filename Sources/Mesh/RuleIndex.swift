/// The rules of many policies, filed so that a connection is compared only with those that could hold for it.
///
/// A rule is filed under an *anchor*: one of its clauses, each of whose matches asks for exact values of one field. The
/// rule can hold only for a connection that has one of these values. A rule without an anchor is compared always.
struct RuleIndex: Sendable {
    private struct Entry: Sendable {
        let reference: RuleReference
        let rule: AuthorizationPolicy.Rule
    }

    /// No policy at all; one without rules is not nothing.
    let isEmpty: Bool
    private let entries: [Entry]
    /// Positions in `entries`, ascending; so are the lists in the tables.
    private var unanchored: [Int] = []
    private var byPrincipal: [SPIFFEIdentity: [Int]] = [:]
    private var byServiceAccount: [NamespacedName: [Int]] = [:]
    private var bySourceNetwork = IPPrefixTable<Int>()
    private var byNamespace: [String: [Int]] = [:]
    private var byDestinationPort: [UInt16: [Int]] = [:]

    init(_ policies: [AuthorizationPolicy]) {
        isEmpty = policies.isEmpty
        entries = policies.flatMap { policy in
            policy.rules.enumerated().map { index, rule in
                Entry(reference: RuleReference(policy: policy.key, index: index), rule: rule)
            }
        }
        for position in entries.indices { file(position) }
    }

    /// The first rule that holds, in the order of the policies.
    func firstRule(for attributes: ConnectionAttributes) -> RuleReference? {
        guard !entries.isEmpty else { return nil }
        var best: Int?
        func consider(_ positions: [Int]?) {
            guard let positions else { return }
            for position in positions {
                if let best, best <= position { return }
                if entries[position].rule.holds(for: attributes) { best = position }
            }
        }
        consider(unanchored)
        if !byNamespace.isEmpty { consider(byNamespace[attributes.sourceIdentity?.namespace ?? ""]) }
        if !byDestinationPort.isEmpty { consider(byDestinationPort[attributes.destination.port]) }
        bySourceNetwork.forEach(containing: attributes.source) { consider($0) }
        if let identity = attributes.sourceIdentity {
            if !byPrincipal.isEmpty { consider(byPrincipal[identity]) }
            if !byServiceAccount.isEmpty { consider(byServiceAccount[identity.account]) }
        }
        return best.map { entries[$0].reference }
    }

    private mutating func file(_ position: Int) {
        let anchors = entries[position].rule.clauses.compactMap(\.anchor)
        guard let anchor = anchors.min(by: { $0.rank < $1.rank }) else {
            unanchored.append(position)
            return
        }
        for key in anchor.keys { file(position, under: key) }
    }

    private mutating func file(_ position: Int, under key: Anchor.Key) {
        switch key {
        case .principal(let identity): byPrincipal[identity, default: []].append(position)
        case .serviceAccount(let account): byServiceAccount[account, default: []].append(position)
        case .sourceNetwork(let network): bySourceNetwork.insert(position, for: network)
        case .namespace(let namespace): byNamespace[namespace, default: []].append(position)
        case .destinationPort(let port): byDestinationPort[port, default: []].append(position)
        }
    }
}

/// The values of which a connection must have one for a clause to hold.
private struct Anchor {
    enum Key: Hashable {
        case principal(SPIFFEIdentity)
        case serviceAccount(NamespacedName)
        case sourceNetwork(IPPrefix)
        case namespace(String)
        case destinationPort(UInt16)
    }

    var keys: Set<Key>
    /// Lower is shared by fewer connections.
    var rank: Int
}

extension AuthorizationPolicy.Clause {
    /// Nil when the clause can hold for connections that no list of exact values names.
    fileprivate var anchor: Anchor? {
        guard !matches.isEmpty else { return nil }
        var anchor = Anchor(keys: [], rank: 0)
        // An all-empty match never holds, so that it adds no value.
        for match in matches where match != AuthorizationPolicy.Match() {
            guard let part = match.anchor else { return nil }
            anchor.keys.formUnion(part.keys)
            anchor.rank = max(anchor.rank, part.rank)
        }
        return anchor
    }
}

extension AuthorizationPolicy.Match {
    fileprivate var anchor: Anchor? {
        if let exact = principals.exactTexts {
            // What is no identity's principal holds for nobody.
            let identities = exact.compactMap { SPIFFEIdentity("spiffe://\($0)") }
            return Anchor(keys: Set(identities.map { .principal($0) }), rank: 0)
        }
        if !serviceAccounts.isEmpty { return Anchor(keys: Set(serviceAccounts.map { .serviceAccount($0) }), rank: 1) }
        if !sourceIPs.isEmpty { return Anchor(keys: Set(sourceIPs.map { .sourceNetwork($0) }), rank: 2) }
        if let exact = namespaces.exactTexts { return Anchor(keys: Set(exact.map { .namespace($0) }), rank: 3) }
        if !destinationPorts.isEmpty {
            return Anchor(keys: Set(destinationPorts.map { .destinationPort($0) }), rank: 4)
        }
        return nil
    }
}

extension [AuthorizationPolicy.StringMatch] {
    /// The texts, when all are exact and there is one.
    fileprivate var exactTexts: [String]? {
        guard !isEmpty else { return nil }
        var texts: [String] = []
        for match in self {
            guard case .exact(let text) = match else { return nil }
            texts.append(text)
        }
        return texts
    }
}

extension SPIFFEIdentity {
    fileprivate var account: NamespacedName { NamespacedName(namespace: namespace, name: serviceAccount) }
}
