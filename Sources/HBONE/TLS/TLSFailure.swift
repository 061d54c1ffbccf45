/// Why there is no secure session with a peer.
package enum TLSFailure: Error, Hashable, Sendable {
    /// Our own certificate, key or roots cannot be used.
    case unusableCredential(String)
    case noCertificate
    /// The chain does not lead to a root, is expired, or is not meant for this use; OpenSSL's reason.
    case untrustedChain(String)
    /// A certificate of the chain is not to be trusted any more.
    case revoked(presented: String)
    case noIdentity
    case foreignTrustDomain(presented: String)
    case unexpectedIdentity(presented: String)
    /// The peer breaks the protocol or offers nothing that we accept (version, suite, ALPN); OpenSSL's reason.
    case protocolError(String)
    /// The peer ended the handshake with an alert; OpenSSL's name for it.
    case refusedByPeer(alert: String)
    case closed
    case timedOut
}

extension TLSFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unusableCredential(let reason): "certificate or key cannot be used: \(reason)"
        case .noCertificate: "peer sent no certificate"
        case .untrustedChain(let reason): "peer certificate not trusted: \(reason)"
        case .revoked(let presented): "peer certificate has been revoked: \(presented)"
        case .noIdentity: "peer certificate has no SPIFFE identity"
        case .foreignTrustDomain(let presented): "peer is of another trust domain: \(presented)"
        case .unexpectedIdentity(let presented): "peer is not who was expected: \(presented)"
        case .protocolError(let reason): "TLS handshake failed: \(reason)"
        case .refusedByPeer(let alert): "peer refused the TLS handshake: \(alert)"
        case .closed: "peer closed during the TLS handshake"
        case .timedOut: "TLS handshake timed out"
        }
    }
}
