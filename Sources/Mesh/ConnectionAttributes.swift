/// What policy may ask about a connection that arrives at a workload.
package struct ConnectionAttributes: Hashable, Sendable {
    /// The client's own address, never a proxy's.
    package var source: IPAddress
    /// From the client's certificate; nil on plaintext.
    package var sourceIdentity: SPIFFEIdentity?
    /// The waypoint that the client's connection came through; nil where it came from the client itself.
    ///
    /// Policy asks about the client. Only one that names the waypoint's own principal means the waypoint (DESIGN §5.5).
    package var waypoint: SPIFFEIdentity?
    /// The application's address and port, never a port of the mesh.
    package var destination: SocketAddress

    package init(
        source: IPAddress, sourceIdentity: SPIFFEIdentity?, destination: SocketAddress,
        waypoint: SPIFFEIdentity? = nil
    ) {
        self.source = source
        self.sourceIdentity = sourceIdentity
        self.waypoint = waypoint
        self.destination = destination
    }
}
