/// The rules of many policies, filed so that a connection is compared only with those that could hold for it.
///
/// A rule is filed under an *anchor*: one of its clauses, each of whose matches asks for exact values of one field. The
/// rule can hold only for a connection that has one of these values. A rule without an anchor is compared always.
final class RuleIndex: Sendable {
    /// What a rule does when it holds.
    enum Effect: Sendable { case denies, allows, wouldDeny, wouldAllow }

    /// For each effect the first rule that holds.
    struct Held {
        var denying, allowing, denyingInDryRun, allowingInDryRun: Int?
    }

    private struct Entry: Sendable {
        let reference: RuleReference
        let effect: Effect
        let rule: CompiledRule
    }

    /// Policies without rules count.
    let hasAllowPolicies: Bool
    let hasDryRunAllowPolicies: Bool
    private let entries: [Entry]
    private let tables: AnchorTables

    init(_ policies: [AuthorizationPolicy]) {
        hasAllowPolicies = policies.contains { $0.effect == .allows }
        hasDryRunAllowPolicies = policies.contains { $0.effect == .wouldAllow }
        let rules = policies.flatMap { policy in policy.rules.enumerated().map { (policy, $0.offset, $0.element) } }
        entries = rules.map { policy, index, rule in
            Entry(
                reference: RuleReference(policy: policy.key, index: index), effect: policy.effect,
                rule: CompiledRule(rule))
        }
        tables = AnchorTables(rules.map { $0.2 })
    }

    func reference(_ position: Int) -> RuleReference { entries[position].reference }

    /// The first rules that hold, in the order of the policies.
    func held(for attributes: ConnectionAttributes) -> Held {
        var held = Held()
        guard !entries.isEmpty else { return held }
        consider(tables.unanchored, attributes, &held)
        if !tables.byNamespace.isEmpty {
            consider(tables.byNamespace[attributes.sourceIdentity?.namespace ?? ""], attributes, &held)
        }
        if !tables.byDestinationPort.isEmpty {
            consider(tables.byDestinationPort[attributes.destination.port], attributes, &held)
        }
        for length in tables.bySourceNetwork.lengths(attributes.source.family) {
            consider(tables.bySourceNetwork.values(at: attributes.source, length: length), attributes, &held)
        }
        if let identity = attributes.sourceIdentity { consider(rulesNaming: identity, attributes, &held) }
        if let waypoint = attributes.waypoint { consider(rulesNaming: waypoint, attributes, &held) }
        return held
    }

    private func consider(
        rulesNaming identity: SPIFFEIdentity, _ attributes: ConnectionAttributes, _ held: inout Held
    ) {
        if !tables.byPrincipal.isEmpty { consider(tables.byPrincipal[identity], attributes, &held) }
        if !tables.byServiceAccount.isEmpty { consider(tables.byServiceAccount[identity.account], attributes, &held) }
    }

    private func consider(_ positions: [Int]?, _ attributes: ConnectionAttributes, _ held: inout Held) {
        guard let positions else { return }
        for position in positions where held.lacks(entries[position].effect, before: position) {
            if entries[position].rule.holds(for: attributes) { held.note(entries[position].effect, position) }
        }
    }
}

extension RuleIndex.Held {
    /// Whether a rule at `position` would be the first of its effect.
    fileprivate func lacks(_ effect: RuleIndex.Effect, before position: Int) -> Bool {
        let first: Int?
        switch effect {
        case .denies: first = denying
        case .allows: first = allowing
        case .wouldDeny: first = denyingInDryRun
        case .wouldAllow: first = allowingInDryRun
        }
        return first.map { position < $0 } ?? true
    }

    fileprivate mutating func note(_ effect: RuleIndex.Effect, _ position: Int) {
        switch effect {
        case .denies: denying = position
        case .allows: allowing = position
        case .wouldDeny: denyingInDryRun = position
        case .wouldAllow: allowingInDryRun = position
        }
    }
}

extension AuthorizationPolicy {
    fileprivate var effect: RuleIndex.Effect {
        switch (action, isDryRun) {
        case (.deny, false): return .denies
        case (.allow, false): return .allows
        case (.deny, true): return .wouldDeny
        case (.allow, true): return .wouldAllow
        }
    }
}

/// Where rules are filed: by position, ascending.
private struct AnchorTables {
    private(set) var unanchored: [Int] = []
    private(set) var byPrincipal: [SPIFFEIdentity: [Int]] = [:]
    private(set) var byServiceAccount: [NamespacedName: [Int]] = [:]
    private(set) var bySourceNetwork = IPPrefixTable<Int>()
    private(set) var byNamespace: [String: [Int]] = [:]
    private(set) var byDestinationPort: [UInt16: [Int]] = [:]

    init(_ rules: [AuthorizationPolicy.Rule]) {
        for (position, rule) in rules.enumerated() { file(position, rule) }
    }

    private mutating func file(_ position: Int, _ rule: AuthorizationPolicy.Rule) {
        let anchors = rule.clauses.compactMap(\.anchor)
        guard let anchor = anchors.min(by: { $0.rank < $1.rank }) else { return unanchored.append(position) }
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
