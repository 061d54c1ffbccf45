package import Mesh

/// What a worker has to tell when it is asked.
package struct WorkerState: Sendable {
    package let metrics: TrafficMetrics
    /// By pod uid.
    package let connections: [String: [OpenConnection]]
    package let sockets: OpenSockets
    /// That its tunnels rest on, at either end.
    package let roots: Set<Fingerprint>

    package init(
        metrics: TrafficMetrics, connections: [String: [OpenConnection]], sockets: OpenSockets,
        roots: Set<Fingerprint> = []
    ) {
        self.metrics = metrics
        self.connections = connections
        self.sockets = sockets
        self.roots = roots
    }
}

/// Sockets that clients are connected to, by which end of a connection this proxy is.
package struct OpenSockets: Hashable, Sendable {
    package var source = 0
    package var destination = 0

    static func + (left: OpenSockets, right: OpenSockets) -> OpenSockets {
        OpenSockets(source: left.source + right.source, destination: left.destination + right.destination)
    }
}

/// A connection that is open at the moment, as `config_dump` tells it.
package struct OpenConnection: Hashable, Sendable {
    package let direction: ConnectionFacts.Direction
    package let source: SocketAddress
    package let originalDestination: SocketAddress
    package let actualDestination: SocketAddress?
    package let isTunnelled: Bool

    package init(
        direction: ConnectionFacts.Direction, source: SocketAddress, originalDestination: SocketAddress,
        actualDestination: SocketAddress?, isTunnelled: Bool
    ) {
        self.direction = direction
        self.source = source
        self.originalDestination = originalDestination
        self.actualDestination = actualDestination
        self.isTunnelled = isTunnelled
    }
}
