import Crypto
import Foundation

/// Makes service-account tokens of the proxies, as a cluster does it: a JWT that is bound to a pod (RFC 7519, ES256).
struct TokenSigner {
    private let key = P256.Signing.PrivateKey()

    var publicKey: String { key.publicKey.pemRepresentation }

    /// For an hour, unless its claims are changed.
    func token(of node: MeshNode, change: (inout [String: Any]) -> Void = { _ in }) throws -> String {
        let now = Int(Date().timeIntervalSince1970)
        var claims: [String: Any] = [
            "iss": "scenario", "aud": ["istio-ca"], "iat": now, "exp": now + 3600,
            "sub": "system:serviceaccount:slipstream-system:ztunnel",
            "kubernetes.io": [
                "namespace": "slipstream-system", "serviceaccount": ["name": "ztunnel", "uid": "ztunnel"],
                "pod": ["name": node.proxyName, "uid": node.proxyName], "node": ["name": "node-\(node.number)"],
            ],
        ]
        change(&claims)
        let parts: [[String: Any]] = [["alg": "ES256", "typ": "JWT"], claims]
        let signed = try parts.map { Self.base64URL(try JSONSerialization.data(withJSONObject: $0)) }
            .joined(separator: ".")
        return "\(signed).\(Self.base64URL(try key.signature(for: Data(signed.utf8)).rawRepresentation))"
    }

    /// Of a pod of the mesh, in the same way.
    func token(of pod: MeshPod, on node: MeshNode) throws -> String {
        try token(of: node) { claims in
            claims["sub"] = "system:serviceaccount:\(pod.namespace):\(pod.serviceAccount)"
            claims["kubernetes.io"] = [
                "namespace": pod.namespace,
                "serviceaccount": ["name": pod.serviceAccount, "uid": pod.serviceAccount],
                "pod": ["name": pod.name, "uid": pod.uid], "node": ["name": "node-\(pod.node)"],
            ]
        }
    }

    private static func base64URL(_ data: Data) -> String {
        data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
