package import Reactor

/// Why a tunnel is no more.
package enum TunnelFailure: Error, Hashable, Sendable {
    case tls(TLSFailure)
    case socket(Errno)
    /// The peer broke HTTP/2; nghttp2's reason.
    case protocolViolation(String)
    /// The peer kept within HTTP/2, and kept us too busy; how.
    case misconduct(String)
    case peerClosed
    /// No answer to a keep-alive ping.
    case unresponsive
}

extension TunnelFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tls(let failure): failure.description
        case .socket(let failure): "tunnel connection failed: \(failure)"
        case .protocolViolation(let reason): "HTTP/2 protocol error: \(reason)"
        case .misconduct(let offence): "HTTP/2 misconduct: \(offence)"
        case .peerClosed: "tunnel closed by peer"
        case .unresponsive: "tunnel peer does not answer pings"
        }
    }
}
