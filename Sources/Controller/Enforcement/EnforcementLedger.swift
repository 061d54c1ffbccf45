import Mesh

/// When each object's present content came in, and what was made of it. Pure: changes and acknowledgements in, verdicts out.
package struct EnforcementLedger: Sendable {
    package struct Entry: Hashable, Sendable {
        package let version: ContentVersion
        /// The change that brought this content.
        package let since: WorldVersion
        /// Made from the object: who rejects one of them does not have the object in force.
        package let resources: Set<ResourceReference>
        let reach: Reach
    }

    package private(set) var entries: [ObjectReference: Entry] = [:]
    private let settings: MeshSettings
    private var nodes: GovernedNodes
    private var references: [Reach: Set<ObjectReference>] = [:]
    /// When those that bindings rest on were last changed, those that are gone included.
    private var gatewayChanges: [ObjectReference: WorldVersion] = [:]
    private var allGatewaysChange = WorldVersion.none

    package init(settings: MeshSettings) {
        self.settings = settings
        nodes = GovernedNodes(settings: settings)
    }

    /// Takes in what made `model`, and so the world, what it is at `world`.
    ///
    /// - Returns: on what there may be another verdict for it.
    @discardableResult
    package mutating func apply(
        _ changes: [MeshModel.Change], in model: MeshModel, at world: WorldVersion
    ) -> Set<ObjectReference> {
        var changed: Set<ObjectReference> = []
        for change in changes {
            note(change.reference, at: world)
            switch change {
            case .remove(let reference): if remove(reference) { changed.insert(reference) }
            case .upsert(let object): if take(object, at: world) { changed.insert(object.reference) }
            }
        }
        for reach in nodes.apply(changes, in: model, at: world) { changed.formUnion(references[reach] ?? []) }
        return changed
    }

    private mutating func note(_ reference: ObjectReference, at world: WorldVersion) {
        switch reference.kind {
        case .gateway: gatewayChanges[reference] = world
        // Of these there are few, and they are about many.
        case .gatewayClass, .meshConfig: allGatewaysChange = world
        default: break
        }
    }

    private mutating func take(_ object: KubernetesObject, at world: WorldVersion) -> Bool {
        let reference = object.reference
        guard Governance.isKept(object) else { return remove(reference) }
        let version = ContentVersion(of: object)
        guard entries[reference]?.version != version else { return false }
        remove(reference)
        let entry = Entry(
            version: version, since: world, resources: Governance.resources(of: object, settings: settings),
            reach: Reach(of: object, settings: settings))
        entries[reference] = entry
        references[entry.reach, default: []].insert(reference)
        return true
    }

    @discardableResult
    private mutating func remove(_ reference: ObjectReference) -> Bool {
        guard let entry = entries.removeValue(forKey: reference) else { return false }
        references[entry.reach]?.remove(reference)
        if references[entry.reach]?.isEmpty == true { references[entry.reach] = nil }
        return true
    }

    /// What a proxy of this controller has in force, for other controllers to know.
    package func acknowledgement(of proxy: ProxyState, sequence: UInt64) -> Acknowledgement {
        let versions = entries.filter { proxy.acknowledged >= $0.value.since && !proxy.rejects($0.value.resources) }
        return Acknowledgement(
            sessionStart: proxy.sessionStart, sequence: sequence, versions: versions.mapValues(\.version),
            rejections: proxy.rejections)
    }
}

extension EnforcementLedger {
    /// Where the present content of an object is in force; nil for one that is not known, or that nobody asks for.
    ///
    /// `others` is what other controllers know of the proxies. `floor` is what must be acknowledged anyway.
    package func verdict(
        on reference: ObjectReference, in model: MeshModel, _ census: ProxyCensus,
        floor: WorldVersion = .none, others: [ProxyState.ID: Acknowledgement] = [:]
    ) -> EnforcementVerdict? {
        guard let entry = entries[reference], let object = model.objects[reference] else { return nil }
        let governance = Governance(of: object, in: model, settings: settings)
        let since = max(floor, since(entry, governance))
        var count = Count(EnforcementVerdict(version: entry.version))
        count.verdict.obstacle = governance.obstacle
        func add(_ proxies: [ProxyState], absent name: String, node: String, since: WorldVersion) {
            for proxy in proxies { count.add(proxy, lag(of: proxy, reference, entry, since, others[proxy.id])) }
            if proxies.isEmpty { count.addAbsent(name, node: node) }
        }
        for (node, tenure) in nodes.nodes(in: entry.reach) {
            add(census.byNode[node] ?? [], absent: node, node: node, since: max(since, tenure.since))
        }
        for gateway in governance.gateways {
            add(census.byGateway[gateway] ?? [], absent: gateway.description, node: "", since: since)
        }
        count.verdict.laggards.sort { ($0.lag.rank, $0.name) < ($1.lag.rank, $1.name) }
        return count.verdict
    }

    /// A binding is as young as the youngest of what it rests on.
    private func since(_ entry: Entry, _ governance: Governance) -> WorldVersion {
        guard !governance.sources.isEmpty else { return entry.since }
        return governance.sources.reduce(max(entry.since, allGatewaysChange)) { since, source in
            max(since, gatewayChanges[source] ?? entries[source]?.since ?? .none)
        }
    }

    private struct Count {
        var verdict: EnforcementVerdict

        init(_ verdict: EnforcementVerdict) { self.verdict = verdict }

        /// - Parameter lag: nil when it enforces.
        mutating func add(_ proxy: ProxyState, _ lag: EnforcementVerdict.Lag?) {
            verdict.total += 1
            if lag == .foreign { verdict.acknowledging += 1 }
            guard let lag else { return verdict.enforcing += 1 }
            verdict.laggards.append(.init(name: proxy.id.name, node: proxy.node, lag: lag))
        }

        /// A place where a proxy should be and none is known counts as one that does not enforce.
        mutating func addAbsent(_ name: String, node: String) {
            verdict.total += 1
            verdict.laggards.append(.init(name: name, node: node, lag: .absent))
        }
    }

    private func lag(
        of proxy: ProxyState, _ reference: ObjectReference, _ entry: Entry, _ since: WorldVersion,
        _ other: Acknowledgement?
    ) -> EnforcementVerdict.Lag? {
        // Another controller knows better only of a newer session.
        let isElsewhere = other.map { $0.sessionStart > proxy.sessionStart } ?? false
        let rejections = isElsewhere ? other?.rejections ?? [:] : proxy.rejections
        if !rejections.isEmpty, let rejected = entry.resources.sorted().first(where: { rejections[$0] != nil }) {
            return .rejected(rejected, reason: rejections[rejected] ?? "")
        }
        if isElsewhere {
            guard other?.versions[reference] == entry.version else { return .behind }
        } else {
            if case .disconnected(let since) = proxy.link { return .disconnected(since: since) }
            guard proxy.acknowledged >= since else { return .behind }
        }
        return proxy.isOurs ? nil : .foreign
    }
}

extension ProxyState {
    fileprivate func rejects(_ resources: Set<ResourceReference>) -> Bool {
        !rejections.isEmpty && resources.contains { rejections[$0] != nil }
    }
}

extension EnforcementVerdict.Lag {
    /// What says most comes first.
    fileprivate var rank: Int {
        switch self {
        case .rejected: 0
        case .disconnected: 1
        case .absent: 2
        case .behind: 3
        case .foreign: 4
        }
    }
}
