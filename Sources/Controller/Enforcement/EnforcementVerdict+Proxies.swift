extension EnforcementVerdict {
    /// Where an object is in force that came in with `since`.
    ///
    /// - Parameters:
    ///   - resources: what proxies are told because of it.
    ///   - proxies: those that it governs.
    ///   - nodes: those with workloads that it governs.
    package init(
        _ content: ContentVersion, since: WorldVersion, resources: Set<ResourceReference>, proxies: [ProxyState],
        nodes: Set<String>
    ) {
        var laggards: [Laggard] = []
        var (enforcing, acknowledging) = (0, 0)
        for proxy in proxies.sorted(by: { $0.id < $1.id }) {
            let lag = proxy.lag(since: since, resources)
            if lag == nil { enforcing += 1 }
            if lag == .foreign { acknowledging += 1 }
            if let lag { laggards.append(Laggard(name: proxy.id.name, node: proxy.node, lag: lag)) }
        }
        let absent = nodes.subtracting(proxies.map(\.node)).sorted()
        laggards += absent.map { Laggard(name: $0, node: $0, lag: .absent) }
        laggards.sort { $0.lag.rank < $1.lag.rank }
        self.init(
            version: content, total: proxies.count + absent.count, enforcing: enforcing, acknowledging: acknowledging,
            laggards: laggards)
    }
}

extension ProxyState {
    /// Nil when it enforces.
    fileprivate func lag(since: WorldVersion, _ resources: Set<ResourceReference>) -> EnforcementVerdict.Lag? {
        let rejected = rejections.filter { resources.contains($0.key) }.min { $0.key < $1.key }
        if let rejected { return .rejected(rejected.key, reason: rejected.value) }
        if case .disconnected(let time) = link { return .disconnected(since: time) }
        if acknowledged < since { return .behind }
        return isOurs ? nil : .foreign
    }
}

extension EnforcementVerdict.Lag {
    fileprivate var rank: Int {
        switch self {
        case .rejected: 0
        case .absent: 1
        case .disconnected: 2
        case .behind: 3
        case .foreign: 4
        }
    }
}
