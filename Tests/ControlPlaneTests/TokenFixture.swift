import ControlPlane
import Crypto
import Foundation

/// A signer of service-account tokens, as a cluster or the playground is one.
struct TokenSigner {
    let key = P256.Signing.PrivateKey()

    var keys: VerificationKeys {
        get throws { try VerificationKeys(text: key.publicKey.pemRepresentation) }
    }

    static let now = 1_800_000_000.0

    /// Claims of a node proxy's token, with these in place of its own.
    func token(header: String = #"{"alg":"ES256"}"#, _ changes: [String: Any] = [:]) throws -> String {
        var claims: [String: Any] = [
            "iss": "https://issuer", "aud": ["istio-ca"], "exp": Self.now + 600, "iat": Self.now,
            "sub": "system:serviceaccount:slipstream-system:ztunnel",
            "kubernetes.io": [
                "namespace": "slipstream-system", "serviceaccount": ["name": "ztunnel", "uid": "1"],
                "node": ["name": "node-1"],
            ],
        ]
        claims.merge(changes) { $1 }
        let body = try JSONSerialization.data(withJSONObject: claims)
        let signed = "\(Self.encoded(Data(header.utf8))).\(Self.encoded(body))"
        let signature = try key.signature(for: Data(signed.utf8)).rawRepresentation
        return "\(signed).\(Self.encoded(signature))"
    }

    static func encoded(_ data: Data) -> String {
        data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
