package import Mesh

/// What a worker has to tell when it is asked.
package struct WorkerState: Sendable {
    package let metrics: TrafficMetrics
    /// By pod uid.
    package let connections: [String: [OpenConnection]]
}

/// A connection that is open at the moment, as `config_dump` tells it.
package struct OpenConnection: Hashable, Sendable {
    package let direction: ConnectionFacts.Direction
    package let source: SocketAddress
    package let originalDestination: SocketAddress
    package let actualDestination: SocketAddress?
    package let isTunnelled: Bool
}
