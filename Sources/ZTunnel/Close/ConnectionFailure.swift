package import HBONE
package import Mesh
package import Reactor

/// Why a connection ended early: where it was, whose doing it was, and what may be done about it. The only shape of
/// failure that the access log and the metrics know.
package struct ConnectionFailure: Error, Hashable, Sendable {
    /// The rooms of a connection, in its order.
    package enum Stage: UInt8, Hashable, Sendable { case accept, destination, policy, upstream, tunnel, relay }
    /// Who made it fail.
    package enum Side: UInt8, Hashable, Sendable { case downstream, upstream, mesh }
    package enum Retry: UInt8, Hashable, Sendable { case never, elsewhere, onFreshTunnel }

    package enum Cause: Hashable, Sendable {
        /// Policy said no.
        case denied(AuthorizationDecision)
        /// Policy said yes once, and no longer does.
        case policyChanged(AuthorizationDecision)
        /// No complete configuration has arrived since this proxy started.
        case notReady
        /// The configuration does not know the pod that the connection is to or from.
        case unknownWorkload
        /// The kernel does not say where the client meant to go.
        case noOriginalDestination
        /// The peer asked for something that a tunnel does not do.
        case badRequest(String)
        case inbound(InboundRefusal)
        case upstream(UpstreamFailure)
        /// A socket could not be made or connected.
        case connect(Errno)
        /// This proxy has no certificate for the pod.
        case noCredential(String)
        case tls(TLSFailure)
        case http2(String)
        /// The peer's proxy kept this one too busy.
        case misconduct(String)
        /// The peer's proxy answered the CONNECT with another status than 200.
        case status(Int)
        case tunnelLost
        case reset
        /// A socket failed in the middle of a transfer.
        case socket(Errno)
        /// This proxy is stopping, or the pod has been released.
        case draining
        /// A bound of this proxy's has been reached.
        case exhausted(String)
    }

    package let stage: Stage
    package let side: Side
    package let cause: Cause
    package let retry: Retry

    package init(_ cause: Cause, at stage: Stage, by side: Side, retry: Retry = .never) {
        self.stage = stage
        self.side = side
        self.cause = cause
        self.retry = retry
    }
}

extension ConnectionFailure: CustomStringConvertible {
    /// One sentence for the operator.
    package var description: String {
        switch cause {
        case .denied(let decision): return "connection denied by policy: \(decision.reason)"
        case .policyChanged(let decision): return "connection closed due to policy change: \(decision.reason)"
        case .notReady: return "no configuration has arrived yet"
        case .unknownWorkload: return "the workload is not known to the configuration"
        case .noOriginalDestination: return "the connection was not redirected here"
        case .badRequest(let reason): return "bad request: \(reason)"
        case .inbound(let refusal): return refusal.description
        case .upstream(let failure): return failure.description
        case .connect(let failure) where isTunnelTimeout:
            return "\(failure), a NetworkPolicy may be blocking port 15008"
        case .connect(let failure): return "connect failed: \(failure)"
        case .noCredential(let reason): return "no certificate for this workload: \(reason)"
        case .tls(let failure): return failure.description
        case .http2(let reason): return "HTTP/2 failed: \(reason)"
        case .misconduct(let offence): return "HTTP/2 failed: \(offence)"
        case .status(let status): return "http status: \(status)"
        case .tunnelLost: return "the tunnel was lost"
        case .reset: return "connection reset by \(side == .downstream ? "client" : "server")"
        case .socket(let failure): return "\(side == .downstream ? "client" : "server") socket failed: \(failure)"
        case .draining: return "connection closed while draining"
        case .exhausted(let what): return "too many \(what)"
        }
    }

    private var isTunnelTimeout: Bool { stage == .tunnel && cause == .connect(.timedOut) }
}

/// Istio's short words for how a connection ended, in metrics.
package enum ResponseFlags: String, Hashable, Sendable {
    case ok = "-"
    case denied = "DENY"
    case connect = "CONNECT"
    case tls = "TLS_FAILURE"
    case http2 = "H2_HANDSHAKE_FAILURE"
    case networkPolicy = "NETWORK_POLICY"
    case identity = "IDENTITY_ERROR"
    case revoked = "CERT_REVOKED"
}

extension ConnectionFailure {
    package var responseFlags: ResponseFlags {
        switch cause {
        case .denied, .policyChanged, .status(401): return .denied
        case .connect where isTunnelTimeout: return .networkPolicy
        case .connect, .status, .notReady, .unknownWorkload, .noOriginalDestination, .badRequest, .inbound, .upstream,
            .tunnelLost, .exhausted:
            return .connect
        case .noCredential: return .identity
        case .tls(let failure): return failure.responseFlags
        case .http2, .misconduct: return .http2
        // The mesh carried it until one of the two ends, or an operator, ended it.
        case .reset, .socket, .draining: return .ok
        }
    }
}

extension TLSFailure {
    fileprivate var responseFlags: ResponseFlags {
        switch self {
        case .noIdentity, .foreignTrustDomain, .unexpectedIdentity, .unusableCredential: return .identity
        case .revoked: return .revoked
        case .noCertificate, .untrustedChain, .protocolError, .refusedByPeer, .closed, .timedOut: return .tls
        }
    }
}
