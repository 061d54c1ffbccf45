import Mesh

extension WaypointOrder.Progress {
    /// How far proxies are, as their controller sees it.
    ///
    /// Who is away holds a step back: it may carry connections by what it knew. A ztunnel is gone for good when its pod is and
    /// another serves its node; a waypoint, when it is not ready, since nobody is sent to it then.
    /// - Parameters:
    ///   - nodes: those with workloads that a node proxy serves.
    ///   - world: what there is to acknowledge.
    package init(proxies: [ProxyState], nodes: Set<String>, world: WorldVersion, in model: MeshModel) {
        self.init(nodes: world)
        let served = Set(proxies.filter { $0.role == .ztunnel && $0.isThere }.map(\.node))
        for proxy in proxies {
            let pod = NamespacedName(proxy.id.name).flatMap { model.pods[$0] }
            switch proxy.role {
            case .ztunnel where proxy.isThere || pod != nil || !served.contains(proxy.node):
                self.nodes = min(self.nodes, proxy.acknowledged)
            case .waypoint(let gateway) where proxy.isThere || pod?.status.isReady == true:
                waypoints[gateway] = min(waypoints[gateway] ?? world, proxy.acknowledged)
            case .ztunnel, .waypoint: break
            }
        }
        if !nodes.isSubset(of: proxies.lazy.filter { $0.role == .ztunnel }.map(\.node)) { self.nodes = .none }
    }
}

extension ProxyState {
    fileprivate var isThere: Bool {
        if case .disconnected = link { return false }
        return true
    }
}
