/// Tells whose a token is: by keys that it has, or by asking who made the token.
package protocol TokenAuthenticator: Sendable {
    func caller(with token: String) async throws(TokenRefusal) -> Caller
}

/// Why a token proves nothing. For the log; the caller learns only that it was refused.
package enum TokenRefusal: String, Error, Hashable, Sendable, CaseIterable {
    case missing
    case malformed
    case algorithm
    case unknownKey = "unknown_key"
    case signature
    case expired
    case notYetValid = "not_yet_valid"
    case issuer
    case audience
    case subject
}
