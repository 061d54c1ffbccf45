package import Reactor

/// Why there is no connection to a gRPC server, or no longer.
package enum GRPCFailure: Error, Hashable, Sendable {
    case lookup(NameLookup.Failure)
    case socket(Errno)
    case tls(TLSFailure)
    /// The server broke HTTP/2; nghttp2's reason, or ours.
    case protocolViolation(String)
    case peerClosed
    /// The server takes no more calls on this connection (GOAWAY), and those that were open have ended.
    case goingAway
    /// No answer to a keep-alive ping.
    case unresponsive
    /// Ended by us.
    case cancelled
}

extension GRPCFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .lookup(let failure): failure.description
        case .socket(let failure): "cannot connect: \(failure)"
        case .tls(let failure): failure.description
        case .protocolViolation(let reason): "HTTP/2 protocol error: \(reason)"
        case .peerClosed: "the server closed the connection"
        case .goingAway: "the server is going away"
        case .unresponsive: "the server does not answer pings"
        case .cancelled: "ended by us"
        }
    }

    /// What a call that was open hears of it.
    var status: GRPCStatus { GRPCStatus(self == .cancelled ? .cancelled : .unavailable, description) }
}
