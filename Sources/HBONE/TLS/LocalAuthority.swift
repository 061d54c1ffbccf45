import COpenSSL
import Glibc
package import Mesh
import Reactor

/// Signs workload certificates with a key from a directory, for running without a CA service.
///
/// The directory holds `root-cert.pem`, `ca-cert.pem` and `ca-key.pem`. A key that others may read is refused.
package struct LocalAuthority: ~Copyable {
    /// Clocks of nodes differ by less than this. A certificate that lives for minutes begins less early: were half of its life
    /// in the past, no tunnel that rests on it would take a second stream.
    private static func skewSeconds(ofLife seconds: Int64) -> Int64 { min(120, seconds / 4) }

    private let certificate: Certificate
    private let key: KeyPair
    private let intermediates: [[UInt8]]
    private let roots: TrustAnchors
    private let root: Fingerprint

    package init(directory: String) throws(TLSFailure) {
        let keyPath = directory + "/ca-key.pem"
        try Self.checkPrivate(keyPath)
        let key = try KeyPair(pem: Self.contents(keyPath))
        let chain = try Certificate.all(inPEM: Self.contents(directory + "/ca-cert.pem"))
        let roots = TrustAnchors(certificates: try Certificate.all(inPEM: Self.contents(directory + "/root-cert.pem")))
        let certificate = try Certificate(der: chain[0])
        guard unsafe X509_check_private_key(certificate.raw, key.raw) == 1 else {
            ERR_clear_error()
            throw .unusableCredential("\(keyPath) does not belong to ca-cert.pem")
        }
        let root = try Certificate.root(of: chain, among: roots)
        self.key = key
        self.certificate = certificate
        self.roots = roots
        self.root = root
        intermediates = chain.filter { !roots.certificates.contains($0) }
    }

    /// A new key, and a certificate for it that begins a little in the past and never outlives the authority's own.
    package borrowing func issue(
        to identity: SPIFFEIdentity, now: Int64, lifetimeSeconds: Int64
    ) throws(TLSFailure) -> Credential {
        // Names come from others; a comma in one would begin a second name in the certificate.
        guard SPIFFEIdentity(identity.description) == identity else {
            throw .unusableCredential("\(identity) is not a SPIFFE identity")
        }
        let subjectKey = try KeyPair.generate()
        guard let raw = unsafe X509_new() else { throw .unusableCredential("out of memory") }
        let leaf = unsafe Certificate(consuming: raw)
        let notBefore = min(now, max(now - Self.skewSeconds(ofLife: lifetimeSeconds), certificate.notBefore))
        let notAfter = min(now + lifetimeSeconds, certificate.notAfter)
        guard notAfter > now else { throw .unusableCredential("the authority's certificate has expired") }

        var isMade = unsafe X509_set_version(leaf.raw, 2) == 1
        isMade = isMade && Self.setRandomSerialNumber(on: leaf)
        isMade = unsafe isMade && ASN1_TIME_set(X509_getm_notBefore(leaf.raw), time_t(notBefore)) != nil
        isMade = unsafe isMade && ASN1_TIME_set(X509_getm_notAfter(leaf.raw), time_t(notAfter)) != nil
        isMade = unsafe isMade && X509_set_issuer_name(leaf.raw, X509_get_subject_name(certificate.raw)) == 1
        isMade = unsafe isMade && X509_set_pubkey(leaf.raw, subjectKey.raw) == 1
        isMade = isMade && addExtensions(to: leaf, identity)
        isMade = unsafe isMade && X509_sign(leaf.raw, key.raw, EVP_sha256()) > 0
        guard isMade else { throw .unusableCredential(openSSLReason()) }

        return Credential(
            identity: identity, chain: [leaf.der] + intermediates, privateKey: subjectKey.pkcs8, roots: roots,
            notBefore: notBefore, notAfter: notAfter, serialNumber: leaf.serialNumber, root: root)
    }

    private static func setRandomSerialNumber(on leaf: borrowing Certificate) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 16)
        guard unsafe RAND_bytes(&bytes, 16) == 1 else { return false }
        // RFC 5280 §4.1.2.2: positive, not zero.
        bytes[0] = bytes[0] & 0x7f | 0x40
        guard let number = unsafe BN_bin2bn(bytes, 16, nil) else { return false }
        defer { unsafe BN_free(number) }
        return unsafe BN_to_ASN1_INTEGER(number, X509_get_serialNumber(leaf.raw)) != nil
    }

    /// An empty subject, so the SAN is critical (RFC 5280 §4.2.1.6).
    private borrowing func addExtensions(to leaf: borrowing Certificate, _ identity: SPIFFEIdentity) -> Bool {
        let extensions: [(CInt, String)] = [
            (NID_subject_alt_name, "critical,URI:\(identity)"),
            (NID_basic_constraints, "critical,CA:FALSE"),
            (NID_key_usage, "critical,digitalSignature,keyEncipherment"),
            (NID_ext_key_usage, "serverAuth,clientAuth"),
            (NID_authority_key_identifier, "keyid"),
        ]
        var context = unsafe X509V3_CTX()
        unsafe X509V3_set_ctx(&context, certificate.raw, leaf.raw, nil, nil, 0)
        for (kind, value) in extensions {
            guard let made = unsafe X509V3_EXT_conf_nid(nil, &context, kind, value) else {
                // An authority without a key identifier gives leaves without its mention.
                if kind == NID_authority_key_identifier { continue }
                return false
            }
            defer { unsafe X509_EXTENSION_free(made) }
            guard unsafe X509_add_ext(leaf.raw, made, -1) == 1 else { return false }
        }
        ERR_clear_error()
        return true
    }

    // MARK: Files

    private static let fileLimitBytes = 1 << 20

    private static func checkPrivate(_ path: String) throws(TLSFailure) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { throw .unusableCredential("\(path): \(Errno.last)") }
        guard status.st_mode & 0o077 == 0 else {
            throw .unusableCredential("\(path) can be read by others: its mode must be 0600")
        }
    }

    private static func contents(_ path: String) throws(TLSFailure) -> [UInt8] {
        do {
            return try WholeFile.contents(of: path, limitBytes: fileLimitBytes)
        } catch {
            throw .unusableCredential("\(path): \(error)")
        }
    }
}
