package import HBONE
package import Mesh
import Reactor

/// A stream that has come through a tunnel and waits for an answer, and what its tunnel says of it.
package struct InboundArrival {
    package let request: ConnectRequest
    package let stream: TunnelStream
    /// Where the tunnel came from: the client's own address, since proxies dial from their pod's namespace.
    package let source: SocketAddress
    package let local: SocketAddress
    package let peer: SPIFFEIdentity
    package let security: ConnectionFacts.Security

    /// The beginning of its record.
    package var record: ConnectionRecord {
        var record = ConnectionRecord(.inbound, client: source, nowNanoseconds: LinuxKernel.monotonicNanoseconds())
        record.facts.server = local
        record.facts.sourceIdentity = peer
        record.facts.security = security
        return record
    }
}
