import Crypto
import Foundation

/// Checks tokens in the form of Kubernetes' bound service-account tokens (JWT, RFC 7519) by the keys that signed them.
package struct SignedTokens: TokenAuthenticator {
    private let keys: VerificationKeys
    private let audience: String
    /// Nil takes any.
    private let issuer: String?
    private let now: @Sendable () -> Double

    /// Two clocks may disagree by so much.
    private static let leewaySeconds = 10.0
    private static let lengthLimitBytes = 16 << 10

    package init(
        keys: VerificationKeys, audience: String = "istio-ca", issuer: String? = nil,
        now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
    ) {
        self.keys = keys
        self.audience = audience
        self.issuer = issuer
        self.now = now
    }

    package func caller(with token: String) async throws(TokenRefusal) -> Caller {
        guard token.utf8.count <= Self.lengthLimitBytes else { throw .malformed }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let signature = Base64URL.bytes(parts[2]) else { throw .malformed }
        let header: Header = try Self.decoded(parts[0])
        // The algorithm is ours to choose, never the token's.
        guard header.alg == "ES256" else { throw .algorithm }
        try check(signature, of: Data("\(parts[0]).\(parts[1])".utf8), keyID: header.kid)
        let claims: Claims = try Self.decoded(parts[1])
        try check(claims)
        return try claims.caller
    }

    private func check(_ signature: Data, of signed: Data, keyID: String?) throws(TokenRefusal) {
        let candidates = keys.candidates(id: keyID)
        guard !candidates.isEmpty else { throw .unknownKey }
        guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { throw .signature }
        guard candidates.contains(where: { $0.isValidSignature(signature, for: signed) }) else { throw .signature }
    }

    private func check(_ claims: Claims) throws(TokenRefusal) {
        let now = now()
        guard claims.exp + Self.leewaySeconds > now else { throw .expired }
        guard (claims.nbf ?? 0) - Self.leewaySeconds <= now, (claims.iat ?? 0) - Self.leewaySeconds <= now else {
            throw .notYetValid
        }
        guard issuer == nil || claims.iss == issuer else { throw .issuer }
        guard claims.aud.values.contains(audience) else { throw .audience }
    }

    private static func decoded<Part: Decodable>(_ part: Substring) throws(TokenRefusal) -> Part {
        guard let bytes = Base64URL.bytes(part), let value = try? JSONDecoder().decode(Part.self, from: bytes) else {
            throw .malformed
        }
        return value
    }
}

private struct Header: Decodable {
    let alg: String
    let kid: String?
}

private struct Claims: Decodable {
    struct Audiences: Decodable {
        let values: [String]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            values = try (try? container.decode([String].self)) ?? [container.decode(String.self)]
        }
    }

    struct Bound: Decodable {
        let name: String
        let uid: String?
    }

    struct Kubernetes: Decodable {
        let namespace: String
        let serviceaccount: Bound
        let pod: Bound?
        let node: Bound?
    }

    let iss: String?
    let aud: Audiences
    let exp: Double
    let nbf: Double?
    let iat: Double?
    let sub: String
    let kubernetes: Kubernetes

    enum CodingKeys: String, CodingKey {
        case iss, aud, exp, nbf, iat, sub
        case kubernetes = "kubernetes.io"
    }

    var caller: Caller {
        get throws(TokenRefusal) {
            let account = kubernetes.serviceaccount.name
            guard sub == "system:serviceaccount:\(kubernetes.namespace):\(account)",
                !kubernetes.namespace.isEmpty, !account.isEmpty
            else { throw .subject }
            return Caller(
                namespace: kubernetes.namespace, serviceAccount: account,
                pod: kubernetes.pod.map { .init(name: $0.name, uid: $0.uid ?? "") }, node: kubernetes.node?.name)
        }
    }
}
