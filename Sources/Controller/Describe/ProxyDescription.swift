/// A process that takes configuration, and how far it is.
package struct ProxyDescription: Codable, Hashable, Sendable {
    package enum Sync: String, Codable, Hashable, Sendable {
        case inSync, behind, rejecting, draining, disconnected

        /// For people.
        package var text: String { self == .inSync ? "in sync" : rawValue }
    }

    package let name: String
    package let process: String
    /// `ztunnel`, or `waypoint NAMESPACE/NAME`.
    package let role: String
    package let node: String
    /// Empty for one that does not say, such as another project's.
    package let version: String
    package let isOurs: Bool
    package let connected: Bool
    package let disconnectedSince: String?
    package let sync: Sync
    /// Why it is not in sync; empty when it is.
    package let reason: String
    /// The last change that it has acknowledged.
    package let acknowledged: UInt64
    /// By resource.
    package let rejections: [String: String]
    /// The end of the last certificate that it was given.
    package let certificateEnd: String?

    /// - Parameter world: the last change that there is.
    package init(_ state: ProxyState, at world: WorldVersion) {
        name = state.id.name
        process = state.id.process
        switch state.role {
        case .ztunnel: role = "ztunnel"
        case .waypoint(let gateway): role = "waypoint \(gateway)"
        }
        node = state.node
        version = state.version
        isOurs = state.isOurs
        connected = state.link == .connected
        if case .disconnected(let since) = state.link {
            disconnectedSince = "\(since)"
        } else {
            disconnectedSince = nil
        }
        acknowledged = state.acknowledged.number
        rejections = Dictionary(uniqueKeysWithValues: state.rejections.map { ("\($0.key)", $0.value) })
        certificateEnd = state.certificateEnd.map { "\($0)" }
        (sync, reason) = Self.sync(of: state, at: world)
    }

    private static func sync(of state: ProxyState, at world: WorldVersion) -> (Sync, String) {
        switch state.link {
        case .disconnected(let since): return (.disconnected, "disconnected since \(since)")
        case .draining(let since): return (.draining, "draining since \(since)")
        case .connected: break
        }
        if let first = state.rejections.min(by: { $0.key < $1.key }) {
            let others = state.rejections.count > 1 ? ", and \(state.rejections.count - 1) more" : ""
            return (.rejecting, "rejects \(first.key): \(first.value)\(others)")
        }
        guard state.acknowledged < world else { return (.inSync, "") }
        guard state.acknowledged > .none else { return (.behind, "has not acknowledged anything yet") }
        return (.behind, "has acknowledged change \(state.acknowledged) of \(world)")
    }
}
