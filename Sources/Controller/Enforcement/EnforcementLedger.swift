import Mesh

/// When each object's present content came in, and what was made of it. Pure: changes and acknowledgements in, verdicts out.
package struct EnforcementLedger: Sendable {
    package struct Entry: Hashable, Sendable {
        package let version: ContentVersion
        /// The change that brought this content.
        package let since: WorldVersion
        /// Made from the object: who rejects one of them does not have the object in force.
        package let resources: Set<ResourceReference>
    }

    package private(set) var entries: [ObjectReference: Entry] = [:]
    private let settings: MeshSettings

    package init(settings: MeshSettings) { self.settings = settings }

    /// Takes in what made the world what it is at `world`.
    package mutating func apply(_ changes: [MeshModel.Change], at world: WorldVersion) {
        for change in changes {
            switch change {
            case .remove(let reference): entries[reference] = nil
            case .upsert(let object): take(object, at: world)
            }
        }
    }

    private mutating func take(_ object: KubernetesObject, at world: WorldVersion) {
        guard Governance.canGovern(object) else { return entries[object.reference] = nil }
        let version = ContentVersion(of: object)
        let entry = Entry(
            version: version, since: world, resources: Governance.resources(of: object, settings: settings))
        guard entries[object.reference]?.version != version else { return }
        entries[object.reference] = entry
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
    /// Where the present content of an object is in force; nil for one that governs no proxy ever.
    ///
    /// `others` is what other controllers know of the proxies. `now` is for certificates that have ended.
    package func verdict(
        on reference: ObjectReference, in model: MeshModel, proxies: [ProxyState],
        others: [ProxyState.ID: Acknowledgement] = [:], now: Kubernetes.Timestamp
    ) -> EnforcementVerdict? {
        guard let entry = entries[reference], let object = model.objects[reference] else { return nil }
        let governance = Governance(of: object, in: model, settings: settings)
        let governed = proxies.filter { governance.governs($0) && counts($0, among: proxies, in: model, now: now) }
        var verdict = EnforcementVerdict(
            version: entry.version, total: governed.count, enforcing: 0, acknowledging: 0, laggards: [])
        for proxy in governed {
            let lag = lag(of: proxy, reference, entry, others[proxy.id])
            if lag == nil { verdict.enforcing += 1 }
            if lag == .foreign { verdict.acknowledging += 1 }
            if let lag { verdict.laggards.append(.init(name: proxy.id.name, node: proxy.node, lag: lag)) }
        }
        addAbsent(governance, governed, to: &verdict)
        verdict.laggards.sort { ($0.lag.rank, $0.name) < ($1.lag.rank, $1.name) }
        return verdict
    }

    /// A place where a proxy should be and none is known counts as one that does not enforce.
    private func addAbsent(
        _ governance: Governance, _ governed: [ProxyState], to verdict: inout EnforcementVerdict
    ) {
        let nodes = Set(governed.filter { $0.role == .ztunnel }.map(\.node))
        for node in governance.nodes.subtracting(nodes) {
            verdict.total += 1
            verdict.laggards.append(.init(name: node, node: node, lag: .absent))
        }
        let waypoints = Set(governed.compactMap(\.gateway))
        for gateway in governance.gateways.subtracting(waypoints) {
            verdict.total += 1
            verdict.laggards.append(.init(name: gateway.description, node: "", lag: .absent))
        }
    }

    /// One that is away counts until its node is gone, its certificate has ended, or the same pod runs a newer process.
    private func counts(
        _ proxy: ProxyState, among proxies: [ProxyState], in model: MeshModel, now: Kubernetes.Timestamp
    ) -> Bool {
        guard case .disconnected = proxy.link else { return true }
        if !model.nodes.isEmpty, model.nodes[proxy.node] == nil { return false }
        if let end = proxy.certificateEnd, end <= now { return false }
        return !proxies.contains {
            $0.id.name == proxy.id.name && $0.id != proxy.id && $0.sessionStart > proxy.sessionStart
                && $0.link == .connected
        }
    }

    private func lag(
        of proxy: ProxyState, _ reference: ObjectReference, _ entry: Entry, _ other: Acknowledgement?
    ) -> EnforcementVerdict.Lag? {
        // Another controller knows better only of a newer session.
        let isElsewhere = other.map { $0.sessionStart > proxy.sessionStart } ?? false
        let rejections = isElsewhere ? other?.rejections ?? [:] : proxy.rejections
        if let rejected = entry.resources.sorted().first(where: { rejections[$0] != nil }) {
            return .rejected(rejected, reason: rejections[rejected] ?? "")
        }
        if isElsewhere {
            guard other?.versions[reference] == entry.version else { return .behind }
        } else {
            if case .disconnected(let since) = proxy.link { return .disconnected(since: since) }
            guard proxy.acknowledged >= entry.since else { return .behind }
        }
        return proxy.isOurs ? nil : .foreign
    }
}

extension ProxyState {
    fileprivate func rejects(_ resources: Set<ResourceReference>) -> Bool {
        !rejections.isEmpty && resources.contains { rejections[$0] != nil }
    }

    fileprivate var gateway: NamespacedName? {
        guard case .waypoint(let gateway) = role else { return nil }
        return gateway
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
