import HBONE
import Reactor

/// Why something failed, in a word: a closed set, so that no peer can make a new label. The access log has the whole sentence.
package enum FailureReason: String, Hashable, Sendable {
    case denied
    case policyChanged = "policy_changed"
    case notReady = "not_ready"
    case unknownWorkload = "unknown_workload"
    case notRedirected = "not_redirected"
    case badRequest = "bad_request"
    case badDestination = "bad_destination"
    case noUpstream = "no_upstream"
    case connectFailed = "connect_failed"
    case connectTimedOut = "connect_timed_out"
    case noCertificate = "no_certificate"
    case tlsPeerCertificate = "tls_peer_certificate"
    case tlsPeerIdentity = "tls_peer_identity"
    case tlsProtocol = "tls_protocol"
    case tlsRefusedByPeer = "tls_refused_by_peer"
    case tlsClosed = "tls_closed"
    case tlsTimedOut = "tls_timed_out"
    case http2 = "http2"
    case misconduct
    case refusedByPeer = "refused_by_peer"
    case tunnelLost = "tunnel_lost"
    case reset
    case socket
    case draining
    case exhausted
    /// Of the doors of the control thread: a request that did not come in time, or a connection that ended within one.
    case timedOut = "timed_out"
    case closed
}

extension ConnectionFailure {
    package var reason: FailureReason {
        switch cause {
        case .denied: .denied
        case .policyChanged: .policyChanged
        case .notReady: .notReady
        case .unknownWorkload: .unknownWorkload
        case .noOriginalDestination: .notRedirected
        case .badRequest: .badRequest
        case .inbound: .badDestination
        case .upstream: .noUpstream
        case .connect(.timedOut): .connectTimedOut
        case .connect: .connectFailed
        case .noCredential: .noCertificate
        case .tls(let failure): failure.reason
        case .http2: .http2
        case .misconduct: .misconduct
        case .status: .refusedByPeer
        case .tunnelLost: .tunnelLost
        case .reset: .reset
        case .socket: .socket
        case .draining: .draining
        case .exhausted: .exhausted
        }
    }
}

extension TLSFailure {
    fileprivate var reason: FailureReason {
        switch self {
        case .unusableCredential: .noCertificate
        case .noCertificate, .untrustedChain, .revoked: .tlsPeerCertificate
        case .noIdentity, .foreignTrustDomain, .unexpectedIdentity: .tlsPeerIdentity
        case .protocolError: .tlsProtocol
        case .refusedByPeer: .tlsRefusedByPeer
        case .closed: .tlsClosed
        case .timedOut: .tlsTimedOut
        }
    }
}
