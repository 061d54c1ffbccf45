import SwiftProtobuf

/// A proxy's request to the certificate authority.
package struct CertificateRequest: Hashable, Sendable {
    /// PKCS #10 in PEM.
    package var csr: String
    package var validitySeconds: Int64
    /// The SPIFFE ID that the certificate is for, where it is not the caller's own.
    package var impersonatedIdentity: String?

    private static let identityKey = "ImpersonatedIdentity"

    package init(csr: String, validitySeconds: Int64, impersonatedIdentity: String? = nil) {
        self.csr = csr
        self.validitySeconds = validitySeconds
        self.impersonatedIdentity = impersonatedIdentity
    }

    package init(decoding bytes: [UInt8]) throws(DiscoveryFault) {
        let message = try WireIstioCertificateRequest(
            bytes: bytes, limit: DiscoveryLimits.nodeBytes, "IstioCertificateRequest")
        guard !message.csr.isEmpty else { throw .missingField("csr") }
        self.init(csr: message.csr, validitySeconds: message.validityDuration)
        guard let identity = message.metadata.fields[Self.identityKey] else { return }
        // What is no text must not be taken for a caller who asks for itself.
        guard case .stringValue(let text) = identity.kind, !text.isEmpty else {
            throw .malformed(message: "text in metadata.\(Self.identityKey)")
        }
        impersonatedIdentity = text
    }

    package func encoded() -> [UInt8] {
        let message = WireIstioCertificateRequest.with {
            $0.csr = csr
            $0.validityDuration = validitySeconds
            if let impersonatedIdentity {
                $0.metadata.fields[Self.identityKey] = .init(stringValue: impersonatedIdentity)
            }
        }
        return message.deterministicBytes
    }
}

/// What the certificate authority answers.
package struct CertificateResponse: Hashable, Sendable {
    /// PEM: the leaf, what lies between, and last the roots, which may be several.
    package var certificateChain: [String]

    package init(certificateChain: [String]) { self.certificateChain = certificateChain }

    package init(decoding bytes: [UInt8]) throws(DiscoveryFault) {
        let message = try WireIstioCertificateResponse(
            bytes: bytes, limit: DiscoveryLimits.certificateBytes, "IstioCertificateResponse")
        guard !message.certChain.isEmpty else { throw .missingField("cert_chain") }
        self.init(certificateChain: message.certChain)
    }

    package func encoded() -> [UInt8] {
        WireIstioCertificateResponse.with { $0.certChain = certificateChain }.deterministicBytes
    }
}
