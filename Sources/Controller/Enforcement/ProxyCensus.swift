import Mesh

/// The proxy processes that count, by where they are.
package struct ProxyCensus: Sendable {
    let byNode: [String: [ProxyState]]
    let byGateway: [NamespacedName: [ProxyState]]

    /// One that is away counts until its node is gone, its certificates have ended, or its pod runs a newer process.
    package init(_ proxies: some Sequence<ProxyState>, in model: MeshModel, now: Kubernetes.Timestamp) {
        let newest = Dictionary(
            proxies.lazy.filter { $0.link == .connected }.map { ($0.id.name, $0.sessionStart) }, uniquingKeysWith: max)
        let counting = proxies.filter { proxy in
            guard case .disconnected = proxy.link else { return true }
            if !model.nodes.isEmpty, model.nodes[proxy.node] == nil { return false }
            if let end = proxy.certificateEnd, end <= now { return false }
            return newest[proxy.id.name].map { $0 <= proxy.sessionStart } ?? true
        }
        byNode = Dictionary(grouping: counting.filter { $0.role == .ztunnel }, by: \.node)
        byGateway = Dictionary(
            grouping: counting.compactMap { proxy in proxy.gateway.map { ($0, proxy) } }, by: \.0
        ).mapValues { $0.map(\.1) }
    }
}

extension ProxyState {
    fileprivate var gateway: NamespacedName? {
        guard case .waypoint(let gateway) = role else { return nil }
        return gateway
    }
}
