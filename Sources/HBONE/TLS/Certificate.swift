import COpenSSL
import Glibc
import Mesh

/// Sole owner of a parsed X.509 certificate.
@safe struct Certificate: ~Copyable {
    let raw: OpaquePointer

    init(consuming raw: OpaquePointer) { unsafe self.raw = raw }

    deinit { unsafe X509_free(raw) }

    init(der: [UInt8]) throws(TLSFailure) {
        let parsed = unsafe der.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            var cursor = bytes.baseAddress
            return unsafe d2i_X509(nil, &cursor, bytes.count)
        }
        guard let parsed = unsafe parsed else { throw .unusableCredential("not a DER certificate") }
        unsafe self.init(consuming: parsed)
    }

    var der: [UInt8] { unsafe Certificate.der(of: raw) }

    static func fingerprint(of raw: OpaquePointer?) -> Fingerprint? {
        guard let raw = unsafe raw else { return nil }
        return unsafe Fingerprint(sha256(of: der(of: raw)))
    }

    /// The root that a chain leads to, once all of it has been found good: its signatures, its times, its purposes.
    ///
    /// - Parameter chain: DER, the leaf first.
    static func root(of chain: [[UInt8]], among roots: TrustAnchors) throws(TLSFailure) -> Fingerprint {
        guard let store = unsafe X509_STORE_new(), let between = unsafe COpenSSL_chain_new(),
            let check = unsafe X509_STORE_CTX_new()
        else { throw .unusableCredential("out of memory") }
        defer {
            unsafe X509_STORE_CTX_free(check)
            unsafe COpenSSL_chain_free(between)
            unsafe X509_STORE_free(store)
            ERR_clear_error()
        }
        for der in roots.certificates {
            let root = try Certificate(der: der)
            guard unsafe X509_STORE_add_cert(store, root.raw) == 1 else { throw .unusableCredential(openSSLReason()) }
        }
        for der in chain.dropFirst() {
            let certificate = try Certificate(der: der)
            guard unsafe COpenSSL_chain_add(between, certificate.raw) == 1 else {
                throw .unusableCredential("out of memory")
            }
        }
        guard let first = chain.first else { throw .unusableCredential("no certificate") }
        let leaf = try Certificate(der: first)
        guard unsafe X509_STORE_CTX_init(check, store, leaf.raw, between) == 1 else {
            throw .unusableCredential(openSSLReason())
        }
        guard unsafe X509_verify_cert(check) == 1 else {
            let reason = unsafe String(cString: X509_verify_cert_error_string(Int(X509_STORE_CTX_get_error(check))))
            throw .unusableCredential("its chain does not lead to its roots: \(reason)")
        }
        let proven = unsafe X509_STORE_CTX_get0_chain(check)
        guard let root = unsafe fingerprint(of: COpenSSL_chain_at(proven, COpenSSL_chain_count(proven) - 1)) else {
            throw .unusableCredential("a chain without a root")
        }
        return root
    }

    /// The certificates in a PEM text, in its order.
    static func all(inPEM text: [UInt8]) throws(TLSFailure) -> [[UInt8]] {
        let found = unsafe withSource(text) { source in
            var found: [[UInt8]] = []
            while let next = unsafe PEM_read_bio_X509(source, nil, nil, nil) {
                let certificate = unsafe Certificate(consuming: next)
                found.append(certificate.der)
            }
            return found
        }
        // The end of the text is reported as an error, too.
        ERR_clear_error()
        guard !found.isEmpty else { throw .unusableCredential("no PEM certificate found") }
        return found
    }

    static func der(of raw: OpaquePointer) -> [UInt8] {
        let count = unsafe i2d_X509(raw, nil)
        guard count > 0 else { return [] }
        return unsafe [UInt8](unsafeUninitializedCapacity: Int(count)) { room, filled in
            var cursor = room.baseAddress
            filled = unsafe Int(i2d_X509(raw, &cursor))
        }
    }

    /// The URI subject alternative names, bounded in number; others are left out.
    static func uris(of raw: OpaquePointer) -> [String] {
        let names = unsafe OpaquePointer(X509_get_ext_d2i(raw, NID_subject_alt_name, nil, nil))
        guard let names = unsafe names else { return [] }
        defer { unsafe GENERAL_NAMES_free(names) }
        let count = unsafe min(COpenSSL_names_count(names), 64)
        return (0..<count).compactMap { index in
            guard let uri = unsafe COpenSSL_uri_of(COpenSSL_names_at(names, index)) else { return nil }
            let bytes = unsafe UnsafeBufferPointer(
                start: ASN1_STRING_get0_data(uri), count: Int(ASN1_STRING_length(uri)))
            return unsafe String(validating: bytes, as: UTF8.self)
        }
    }

    /// Seconds since 1970.
    static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
        var parts = unsafe tm()
        guard unsafe ASN1_TIME_to_tm(time, &parts) == 1 else { return 0 }
        return Int64(unsafe timegm(&parts))
    }

    var notBefore: Int64 { unsafe Certificate.seconds(X509_get0_notBefore(raw)) }
    var notAfter: Int64 { unsafe Certificate.seconds(X509_get0_notAfter(raw)) }

    /// Lower-case hexadecimal.
    var serialNumber: String {
        guard let number = unsafe ASN1_INTEGER_to_BN(X509_get0_serialNumber(raw), nil) else { return "" }
        defer { unsafe BN_free(number) }
        guard let text = unsafe BN_bn2hex(number) else { return "" }
        defer { unsafe CRYPTO_free(text, nil, 0) }
        return unsafe String(cString: text).lowercased()
    }
}

/// Sole owner of a key pair.
@safe struct KeyPair: ~Copyable {
    let raw: OpaquePointer

    private init(consuming raw: OpaquePointer) { unsafe self.raw = raw }

    deinit { unsafe EVP_PKEY_free(raw) }

    /// A new key on P-256.
    static func generate() throws(TLSFailure) -> KeyPair {
        guard let raw = unsafe COpenSSL_generate_p256() else { throw .unusableCredential("cannot make a key") }
        return unsafe KeyPair(consuming: raw)
    }

    init(pkcs8 der: [UInt8]) throws(TLSFailure) {
        let parsed = unsafe der.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            var cursor = bytes.baseAddress
            return unsafe d2i_AutoPrivateKey(nil, &cursor, bytes.count)
        }
        guard let parsed = unsafe parsed else { throw .unusableCredential("not a private key") }
        unsafe self.init(consuming: parsed)
    }

    init(pem text: [UInt8]) throws(TLSFailure) {
        let parsed = unsafe withSource(text) { source in unsafe PEM_read_bio_PrivateKey(source, nil, nil, nil) }
        guard let parsed = unsafe parsed else {
            ERR_clear_error()
            throw .unusableCredential("no PEM private key found")
        }
        unsafe self.init(consuming: parsed)
    }

    var pkcs8: [UInt8] {
        guard let form = unsafe EVP_PKEY2PKCS8(raw) else { return [] }
        defer { unsafe PKCS8_PRIV_KEY_INFO_free(form) }
        let count = unsafe i2d_PKCS8_PRIV_KEY_INFO(form, nil)
        guard count > 0 else { return [] }
        return unsafe [UInt8](unsafeUninitializedCapacity: Int(count)) { room, filled in
            var cursor = room.baseAddress
            filled = unsafe Int(i2d_PKCS8_PRIV_KEY_INFO(form, &cursor))
        }
    }
}

/// Bytes as a source for OpenSSL's readers. It reads them where they are (BIO_new_mem_buf(3)), so that they must stay as long as
/// it does.
func withSource<Result>(_ bytes: [UInt8], _ body: (OpaquePointer) -> Result) -> Result {
    unsafe bytes.withUnsafeBytes { bytes in
        guard let source = unsafe BIO_new_mem_buf(bytes.baseAddress, CInt(clamping: bytes.count)) else {
            preconditionFailure("no memory for a source")
        }
        defer { unsafe BIO_free(source) }
        return unsafe body(source)
    }
}

/// The oldest reason in OpenSSL's queue for this thread, which is emptied.
func openSSLReason() -> String {
    let code = ERR_get_error()
    ERR_clear_error()
    guard code != 0, let text = unsafe ERR_reason_error_string(code) else { return "unknown reason" }
    return unsafe String(cString: text)
}
