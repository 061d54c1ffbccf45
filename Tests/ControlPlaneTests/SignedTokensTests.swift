import ControlPlane
import Crypto
import Foundation
import Testing

struct SignedTokensTests {
    private let signer = TokenSigner()

    private func tokens(issuer: String? = nil) throws -> SignedTokens {
        SignedTokens(keys: try signer.keys, issuer: issuer, now: { TokenSigner.now })
    }

    @Test func `a token says whose it is and where`() async throws {
        let caller = try await tokens(issuer: "https://issuer").caller(with: signer.token())
        #expect(caller == Caller(namespace: "slipstream-system", serviceAccount: "ztunnel", node: "node-1"))
    }

    @Test func `what is over, not yet begun, for another or of another is refused`() async throws {
        let wrong: [(changes: [String: Any], refusal: TokenRefusal)] = [
            (["exp": TokenSigner.now - 60], .expired),
            (["nbf": TokenSigner.now + 60], .notYetValid),
            (["iat": TokenSigner.now + 60], .notYetValid),
            (["aud": ["kubernetes"]], .audience),
            (["aud": "kubernetes"], .audience),
            (["iss": "https://stranger"], .issuer),
            (["sub": "system:serviceaccount:shop:web"], .subject),
            (["kubernetes.io": ["namespace": "", "serviceaccount": ["name": ""]]], .subject),
            (["exp": "tomorrow"], .malformed),
            (["kubernetes.io": NSNull()], .malformed),
        ]
        for (changes, refusal) in wrong {
            let token = try signer.token(changes)
            await #expect(throws: refusal, "\(changes)") {
                try await tokens(issuer: "https://issuer").caller(with: token)
            }
        }
    }

    @Test func `the algorithm is not the token's to choose`() async throws {
        for header in [#"{"alg":"none"}"#, #"{"alg":"HS256"}"#, #"{"alg":"RS256"}"#, #"{"alg":"es256"}"#] {
            let token = try signer.token(header: header)
            await #expect(throws: TokenRefusal.algorithm) { try await tokens().caller(with: token) }
        }
    }

    @Test func `a token that another key has signed, or that was changed, is refused`() async throws {
        let foreign = try TokenSigner().token()
        await #expect(throws: TokenRefusal.signature) { try await tokens().caller(with: foreign) }
        let parts = try signer.token().split(separator: ".")
        let other = try signer.token(["sub": "system:serviceaccount:shop:web"]).split(separator: ".")
        await #expect(throws: TokenRefusal.signature) {
            try await tokens().caller(with: "\(parts[0]).\(other[1]).\(parts[2])")
        }
        await #expect(throws: TokenRefusal.signature) {
            try await tokens().caller(with: "\(parts[0]).\(parts[1]).AAAA")
        }
    }

    @Test(arguments: [
        "", ".", "..", "a.b", "a.b.c.d", "e30.e30.", String(repeating: "a", count: 20_000) + "..", "ü.ü.ü",
    ])
    func `what is no token is refused`(text: String) async throws {
        await #expect(throws: TokenRefusal.self) { try await tokens().caller(with: text) }
    }

    @Test func `a token with any byte changed is refused`() async throws {
        let checker = try tokens()
        let token = Array(try signer.token().utf8)
        _ = try await checker.caller(with: String(decoding: token, as: UTF8.self))
        for place in token.indices {
            for change in [UInt8(1), 32, 128] {
                var changed = token
                changed[place] ^= change
                let text = String(decoding: changed, as: UTF8.self)
                // The last character of a part has bits that stand for nothing.
                guard Self.meaning(text) != Self.meaning(String(decoding: token, as: UTF8.self)) else { continue }
                await #expect(throws: TokenRefusal.self) { try await checker.caller(with: text) }
            }
        }
    }

    /// What is signed, and the signature's bytes.
    private static func meaning(_ token: String) -> [String] {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3 else { return [token] }
        let padded = parts[2].replacing("-", with: "+").replacing("_", with: "/") + "=="
        return [parts[0], parts[1], Data(base64Encoded: padded)?.base64EncodedString() ?? parts[2]]
    }

    @Test func `keys come as a JWKS too, and are chosen by their id`() async throws {
        let point = signer.key.publicKey.rawRepresentation
        let entry =
            #"{"kty":"EC","crv":"P-256","kid":"a","x":"\#(TokenSigner.encoded(point.prefix(32)))","y":"\#(TokenSigner.encoded(point.suffix(32)))"}"#
        let tokens = SignedTokens(
            keys: try VerificationKeys(text: #"{"keys":[{"kty":"RSA","kid":"r"},\#(entry)]}"#), now: { TokenSigner.now }
        )
        let known = try signer.token(header: #"{"alg":"ES256","kid":"a"}"#)
        _ = try await tokens.caller(with: known)
        let unknown = try signer.token(header: #"{"alg":"ES256","kid":"b"}"#)
        await #expect(throws: TokenRefusal.unknownKey) { try await tokens.caller(with: unknown) }
        for text in ["", "{}", #"{"keys":[]}"#, #"{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}"#] {
            #expect(throws: VerificationKeys.Unreadable.self) { try VerificationKeys(text: text) }
        }
    }
}
