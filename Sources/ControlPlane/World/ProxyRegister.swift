import Controller
import Mesh

/// The proxies that are or were connected, and what each has in force. Pure.
struct ProxyRegister: Sendable {
    private(set) var states: [ProxyState.ID: ProxyState] = [:]

    /// As long as a certificate may live.
    private let memorySeconds: Int
    /// Certificates of before are over by then.
    private let inheritedEnd: Kubernetes.Timestamp
    /// Of the last certificate that a proxy was given, by its name: a process may ask before it connects.
    private var certificateEnds: [String: Kubernetes.Timestamp] = [:]
    /// Names are the callers' claims.
    private static let limit = 20_000

    /// - Parameter start: of this controller.
    init(memorySeconds: Int, start: Kubernetes.Timestamp) {
        self.memorySeconds = memorySeconds
        inheritedEnd = Kubernetes.Timestamp(secondsSinceEpoch: start.secondsSinceEpoch + memorySeconds)
    }

    /// A process under a name takes the place of those of that name that are gone: an exit ends the stream at once, and what
    /// cuts off one process of a pod cuts off the other.
    mutating func connect(_ state: ProxyState) {
        forget { $0.id.name == state.id.name && $0.id != state.id && !$0.isConnected }
        guard states.count < Self.limit || states[state.id] != nil else { return }
        var state = state
        state.certificateEnd = certificateEnds[state.id.name]
        states[state.id] = state
    }

    /// A proxy of this name was given a certificate. All of one name may hold it, and each may hold one that an earlier
    /// controller gave it.
    mutating func issued(to name: String, end: Kubernetes.Timestamp, now: Kubernetes.Timestamp) {
        if certificateEnds[name] == nil, certificateEnds.count >= Self.limit {
            certificateEnds = certificateEnds.filter { $0.value > now }
            guard certificateEnds.count < Self.limit else { return }
        }
        let latest = max(certificateEnds[name] ?? inheritedEnd, end)
        certificateEnds[name] = latest
        for id in states.keys where id.name == name { states[id]?.certificateEnd = latest }
    }

    mutating func acknowledge(
        _ id: ProxyState.ID, sessionStart: UInt64, _ version: WorldVersion, _ rejections: [ResourceReference: String]
    ) {
        guard states[id]?.sessionStart == sessionStart else { return }
        states[id]?.acknowledged = version
        states[id]?.rejections = rejections
    }

    mutating func disconnect(_ id: ProxyState.ID, sessionStart: UInt64, at time: Kubernetes.Timestamp) {
        // A newer stream of the same process goes on.
        guard states[id]?.sessionStart == sessionStart else { return }
        states[id]?.link = .disconnected(since: time)
        if states.values.contains(where: { $0.id.name == id.name && $0.id != id && $0.isConnected }) {
            states[id] = nil
        }
    }

    /// One whose certificates have all ended can carry nothing; neither can one that is away for as long as any lives, and one
    /// whose node is gone. To a waypoint whose Gateway is gone nothing leads any more.
    ///
    /// - Returns: whether there were any.
    mutating func forgetLost(
        nodes: (String) -> Bool, gateways: (NamespacedName) -> Bool, now: Kubernetes.Timestamp
    ) -> Bool {
        let memory = memorySeconds
        let before = states.count
        forget { state in
            guard case .disconnected(let since) = state.link else { return false }
            let end = state.certificateEnd ?? .init(secondsSinceEpoch: since.secondsSinceEpoch + memory)
            if case .waypoint(let gateway) = state.role, !gateways(gateway) { return true }
            return end < now || !nodes(state.node)
        }
        return states.count < before
    }

    private mutating func forget(_ isForgotten: (ProxyState) -> Bool) {
        for state in states.values where isForgotten(state) { states[state.id] = nil }
    }
}

extension ProxyState {
    var isConnected: Bool { link == .connected }
}
