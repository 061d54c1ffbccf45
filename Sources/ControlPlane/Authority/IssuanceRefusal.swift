/// Why a certificate was not given. For the log and the counters; the caller learns only that it was refused.
package enum IssuanceRefusal: String, Error, Hashable, Sendable, CaseIterable {
    case malformedRequest = "malformed_request"
    case requestSignature = "request_signature"
    case weakKey = "weak_key"
    case foreignName = "foreign_name"
    case malformedIdentity = "malformed_identity"
    case foreignTrustDomain = "foreign_trust_domain"
    /// Asks for another's certificate and is no node proxy.
    case untrustedAccount = "untrusted_account"
    /// The pod that the token is bound to is not there, or another one of that name is.
    case callerPodGone = "caller_pod_gone"
    /// It is not known on which node the caller runs.
    case unknownNode = "unknown_node"
    /// No pod of that service account is on the caller's node.
    case noPodOnNode = "no_pod_on_node"
    /// The authority's own certificate has ended, or signing failed.
    case authority
}
