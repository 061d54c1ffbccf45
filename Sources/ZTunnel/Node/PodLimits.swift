/// What one pod, and whoever speaks to it, can make one worker hold: a pod shares its node's proxy with others, and must not be
/// able to hurt them. A bound that is reached holds back or refuses, is told once, and recovers by itself.
package struct PodLimits: Hashable, Sendable {
    /// Captured connections and streams. Beyond it captured clients wait in the kernel's backlog; streams are answered 503.
    package var connections: Int
    /// Those of them that are not tunnelled.
    package var plainConnections: Int
    /// Pipes that plain connections hold because the other end does not read. Beyond it bytes wait in the sockets.
    package var pipes: Int
    /// Tunnels to the pod: one from each worker of each node of a large cluster.
    package var tunnels = 4096
    /// Those of them that have not proven who they are; each holds a TLS session and its buffers for up to ten seconds.
    package var unprovenTunnels = 256
    /// Connections whose application has not answered yet. One that does not answer takes none of the others' descriptors.
    package var dials = 1024
    /// Memory for what applications leave untaken: sixteen streams that stand still with full windows, or a thousand with narrow
    /// ones, which they get from a quarter of this on.
    package var storedBytes = 64 << 20

    private static let connectionsMin = 16

    /// One pod never holds two thirds of this worker's descriptors, whatever its connections are: a tunnelled one is one of them, a
    /// plain one two, a pipe two more. Others find room.
    package init(descriptors: Int, workers: Int) {
        let third = descriptors / workers / 3
        connections = max(Self.connectionsMin, third)
        plainConnections = max(Self.connectionsMin, third / 2)
        pipes = max(Self.connectionsMin, third / 6)
    }
}
