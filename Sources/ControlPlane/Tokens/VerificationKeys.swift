import Crypto
import Foundation

/// Public keys that tokens are signed with: of a JWKS (RFC 7517) or in PEM. ES256 only: P-256.
package struct VerificationKeys: Sendable {
    package struct Unreadable: Error, CustomStringConvertible {
        package let description: String
    }

    struct Key: Sendable {
        /// Empty when it has none.
        let id: String
        let key: P256.Signing.PublicKey
    }

    private let keys: [Key]

    /// - Throws: when there is no key in it, or one that cannot be read.
    package init(text: String) throws(Unreadable) {
        keys = text.contains("-----BEGIN") ? try Self.keys(ofPEM: text) : try Self.keys(ofJWKS: text)
        guard !keys.isEmpty else { throw Unreadable(description: "no P-256 key for signatures in it") }
    }

    /// Those that may have signed a token with this key id.
    func candidates(id: String?) -> [P256.Signing.PublicKey] {
        guard let id, !id.isEmpty else { return keys.map(\.key) }
        return keys.filter { $0.id == id || $0.id.isEmpty }.map(\.key)
    }

    private static func keys(ofPEM text: String) throws(Unreadable) -> [Key] {
        do {
            return [Key(id: "", key: try P256.Signing.PublicKey(pemRepresentation: text))]
        } catch {
            throw Unreadable(description: "expected one P-256 public key in PEM")
        }
    }

    private struct KeySet: Decodable {
        struct Entry: Decodable {
            let kty: String
            let crv: String?
            let kid: String?
            let x: String?
            let y: String?
        }

        let keys: [Entry]
    }

    private static func keys(ofJWKS text: String) throws(Unreadable) -> [Key] {
        guard let set = try? JSONDecoder().decode(KeySet.self, from: Data(text.utf8)) else {
            throw Unreadable(description: "expected a JWKS or a public key in PEM")
        }
        var keys: [Key] = []
        for entry in set.keys where entry.kty == "EC" && entry.crv == "P-256" {
            guard let x = entry.x.flatMap(Base64URL.bytes), let y = entry.y.flatMap(Base64URL.bytes),
                let key = try? P256.Signing.PublicKey(rawRepresentation: x + y)
            else { throw Unreadable(description: "key \(entry.kid ?? "") is no point of P-256") }
            keys.append(Key(id: entry.kid ?? "", key: key))
        }
        return keys
    }
}

/// Base64 for URLs, without padding (RFC 4648 §5).
enum Base64URL {
    static func bytes(_ text: some StringProtocol) -> Data? {
        var standard = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "-": standard.unicodeScalars.append("+")
            case "_": standard.unicodeScalars.append("/")
            case "+", "/", "=": return nil
            default: standard.unicodeScalars.append(scalar)
            }
        }
        standard += String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)
        return Data(base64Encoded: standard)
    }
}
