/// What policy may ask about a connection that arrives at a workload.
package struct ConnectionAttributes: Hashable, Sendable {
    /// The client's own address, never a proxy's.
    package var source: IPAddress
    /// From the client's certificate; nil on plaintext.
    package var sourceIdentity: SPIFFEIdentity?
    /// The application's address and port, never a port of the mesh.
    package var destination: SocketAddress

    package init(source: IPAddress, sourceIdentity: SPIFFEIdentity?, destination: SocketAddress) {
        self.source = source
        self.sourceIdentity = sourceIdentity
        self.destination = destination
    }
}
