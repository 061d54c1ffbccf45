import Crypto
package import X509
import SwiftASN1
import _CryptoExtras

/// A request for a certificate (PKCS #10) whose sender has shown that it has the key. What it asks for beside that is not
/// given: the names come from who asks.
package struct SigningRequest: Sendable {
    package let key: Certificate.PublicKey
    private let names: [GeneralName]

    private static let lengthLimitBytes = 16 << 10
    private static let rsaBits = 2048...8192

    package init(pem: String) throws(IssuanceRefusal) {
        guard pem.utf8.count <= Self.lengthLimitBytes else { throw .malformedRequest }
        let request: CertificateSigningRequest
        do {
            request = try CertificateSigningRequest(pemEncoded: pem)
            names = try Self.names(in: request)
        } catch {
            throw .malformedRequest
        }
        key = request.publicKey
        guard Self.isStrong(key) else { throw .weakKey }
        guard key.isValidSignature(request.signature, for: request) else { throw .requestSignature }
    }

    /// Refuses names that are not the one it will get: who asks for them expects them.
    package func checkNames(are identity: String) throws(IssuanceRefusal) {
        guard names.allSatisfy({ $0 == .uniformResourceIdentifier(identity) }) else { throw .foreignName }
    }

    private static func names(in request: CertificateSigningRequest) throws -> [GeneralName] {
        var names: [GeneralName] = []
        for attribute in request.attributes where attribute.oid == .CSRAttributes.extensionRequest {
            let extensions = try ExtensionRequest(attribute).extensions
            names += try extensions.subjectAlternativeNames.map(Array.init) ?? []
        }
        return names
    }

    /// P-256 or stronger, RSA of 2048 bits or more. The upper bound is on what checking a signature costs.
    private static func isStrong(_ key: Certificate.PublicKey) -> Bool {
        if let rsa = _RSA.Signing.PublicKey(key) { return rsaBits.contains(rsa.keySizeInBits) }
        return P256.Signing.PublicKey(key) != nil || P384.Signing.PublicKey(key) != nil
            || P521.Signing.PublicKey(key) != nil
    }
}
