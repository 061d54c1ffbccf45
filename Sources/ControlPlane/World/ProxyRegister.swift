import Controller

/// The proxies that are or were connected, and what each has in force. Pure.
struct ProxyRegister: Sendable {
    private(set) var states: [ProxyState.ID: ProxyState] = [:]

    /// As long as a certificate may live.
    private let memorySeconds: Int
    /// Names are the callers' claims.
    private static let limit = 20_000

    init(memorySeconds: Int) { self.memorySeconds = memorySeconds }

    /// A process under a name takes the place of those of that name that are gone: an exit ends the stream at once, and what
    /// cuts off one process of a pod cuts off the other.
    mutating func connect(_ state: ProxyState) {
        forget { $0.id.name == state.id.name && $0.id != state.id && !$0.isConnected }
        guard states.count < Self.limit || states[state.id] != nil else { return }
        var state = state
        state.certificateEnd = states[state.id]?.certificateEnd
        states[state.id] = state
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

    /// One that is away for as long as a certificate lives has none that is valid; one whose node is gone runs no more.
    mutating func forgetLost(nodes: (String) -> Bool, now: Kubernetes.Timestamp) {
        let memory = memorySeconds
        forget { state in
            guard case .disconnected(let since) = state.link else { return false }
            return since.secondsSinceEpoch + memory < now.secondsSinceEpoch || !nodes(state.node)
        }
    }

    private mutating func forget(_ isForgotten: (ProxyState) -> Bool) {
        for state in states.values where isForgotten(state) { states[state.id] = nil }
    }
}

extension ProxyState {
    var isConnected: Bool { link == .connected }
}
