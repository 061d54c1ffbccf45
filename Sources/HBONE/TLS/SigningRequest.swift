import COpenSSL
package import Mesh

/// A new key on P-256 and the request to have it certified for an identity (PKCS #10). Never printed.
package struct SigningRequest: Sendable {
    package let pem: String
    private let identity: SPIFFEIdentity
    /// DER, PKCS#8.
    private let privateKey: [UInt8]

    package init(for identity: SPIFFEIdentity) throws(TLSFailure) {
        // Names come from others; a comma in one would begin a second name in the request.
        guard SPIFFEIdentity(identity.description) == identity else {
            throw .unusableCredential("\(identity) is not a SPIFFE identity")
        }
        let key = try KeyPair.generate()
        guard let request = unsafe X509_REQ_new() else { throw .unusableCredential("out of memory") }
        defer { unsafe X509_REQ_free(request) }
        // An empty subject, so the SAN is critical (RFC 5280 §4.2.1.6).
        guard unsafe X509_REQ_set_version(request, 0) == 1, unsafe X509_REQ_set_pubkey(request, key.raw) == 1,
            let names = unsafe X509V3_EXT_conf_nid(nil, nil, NID_subject_alt_name, "critical,URI:\(identity)")
        else { throw .unusableCredential(openSSLReason()) }
        defer { unsafe X509_EXTENSION_free(names) }
        guard unsafe COpenSSL_REQ_add_extension(request, names) == 1,
            unsafe X509_REQ_sign(request, key.raw, EVP_sha256()) > 0, let text = unsafe Self.pem(of: request)
        else { throw .unusableCredential(openSSLReason()) }
        self.identity = identity
        pem = text
        privateKey = key.pkcs8
    }

    private static func pem(of request: OpaquePointer) -> String? {
        guard let memory = unsafe BIO_new(BIO_s_mem()) else { return nil }
        defer { unsafe BIO_free(memory) }
        guard unsafe PEM_write_bio_X509_REQ(memory, request) == 1 else { return nil }
        var data: UnsafeMutablePointer<CChar>?
        let count = unsafe COpenSSL_BIO_get_mem_data(memory, &data)
        guard count > 0, let data = unsafe data else { return nil }
        return unsafe String(
            decoding: UnsafeRawBufferPointer(start: UnsafeRawPointer(data), count: Int(count)), as: UTF8.self)
    }

    /// What an authority made of this request, once it has been found to be that.
    /// - Parameters:
    ///   - chain: PEM, the leaf first, and last the roots.
    ///   - now: seconds since 1970.
    package func credential(certifiedBy chain: [String], now: Int64) throws(TLSFailure) -> Credential {
        guard chain.count >= 2 else { throw .unusableCredential("the answer has no roots") }
        let roots = try TrustAnchors(pem: Array(chain[chain.count - 1].utf8))
        var certificates: [[UInt8]] = []
        for element in chain.dropLast() { certificates += try Certificate.all(inPEM: Array(element.utf8)) }
        certificates.removeAll { roots.certificates.contains($0) }
        guard let first = certificates.first else { throw .unusableCredential("the answer has no certificate") }
        let leaf = try Certificate(der: first)
        let key = try KeyPair(pkcs8: privateKey)
        guard unsafe X509_check_private_key(leaf.raw, key.raw) == 1 else {
            ERR_clear_error()
            throw .unusableCredential("the certificate is for another key")
        }
        guard unsafe Certificate.uris(of: leaf.raw).first == identity.description else {
            throw .unusableCredential("the certificate is not for \(identity)")
        }
        let (notBefore, notAfter) = (leaf.notBefore, leaf.notAfter)
        guard notBefore <= now, now < notAfter else { throw .unusableCredential("the certificate is not valid now") }
        return Credential(
            identity: identity, chain: certificates, privateKey: privateKey, roots: roots, notBefore: notBefore,
            notAfter: notAfter, serialNumber: leaf.serialNumber,
            root: try Certificate.root(of: certificates, among: roots))
    }
}
