import Controller
import Crypto
import Foundation

/// Signs service-account tokens, as a cluster's API server does for the kubelet: JWTs (RFC 7519) with ES256, bound to a
/// pod and its node. Its key lives as long as the playground, and never leaves its memory.
struct TokenIssuer {
    /// Whom the tokens are for: the mesh's authority, under the name that Istio gave it.
    static let audience = "istio-ca"

    /// As tokens name it.
    let name: String
    private let key = P256.Signing.PrivateKey()

    init(name: String) {
        self.name = name
    }

    /// In PEM: what tokens are verified with.
    var publicKey: String { key.publicKey.pemRepresentation }

    /// - Parameter now: in seconds of the Unix epoch.
    func token(
        for pod: Kubernetes.Pod, audience: String = Self.audience, lifetimeSeconds: Int, now: Int
    ) throws -> String {
        let claims = Claims(
            iss: name, aud: [audience],
            sub: "system:serviceaccount:\(pod.metadata.namespace):\(pod.spec.serviceAccountName)",
            iat: now, nbf: now, exp: now + lifetimeSeconds, kubernetes: .init(pod))
        let signed = try [Self.part(Header()), Self.part(claims)].joined(separator: ".")
        let signature = try key.signature(for: Data(signed.utf8))
        return "\(signed).\(Self.base64URL(signature.rawRepresentation))"
    }

    private static func part(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return base64URL(try encoder.encode(value))
    }

    /// Base64 for URLs, without padding (RFC 4648 §5).
    private static func base64URL(_ data: Data) -> String {
        data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}

private struct Header: Encodable {
    let alg = "ES256"
    let typ = "JWT"
}

private struct Claims: Encodable {
    struct Bound: Encodable {
        let name: String
        let uid: String?
    }

    struct Kubernetes: Encodable {
        let namespace: String
        let serviceaccount: Bound
        let pod: Bound
        let node: Bound

        init(_ pod: Controller.Kubernetes.Pod) {
            namespace = pod.metadata.namespace
            serviceaccount = Bound(name: pod.spec.serviceAccountName, uid: nil)
            self.pod = Bound(name: pod.metadata.name, uid: pod.metadata.uid)
            node = Bound(name: pod.spec.nodeName, uid: nil)
        }
    }

    let iss: String
    let aud: [String]
    let sub: String
    let iat: Int
    let nbf: Int
    let exp: Int
    let kubernetes: Kubernetes

    enum CodingKeys: String, CodingKey {
        case iss, aud, sub, iat, nbf, exp
        case kubernetes = "kubernetes.io"
    }
}
