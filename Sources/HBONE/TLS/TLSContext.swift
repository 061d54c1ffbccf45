import COpenSSL
package import Mesh

/// How one workload speaks TLS, as a client or as a server: TLS 1.3 with AES-GCM, ALPN `h2`, certificates on both sides, and
/// neither tickets nor resumption (DESIGN §5.12). A new certificate is a new context; sessions keep the one they began with.
///
/// Owned by one reactor; never crosses threads.
@safe package final class TLSContext {
    package enum Role: Hashable, Sendable { case client, server }

    package let role: Role
    private let own: (identity: SPIFFEIdentity, validity: ClosedRange<Int64>, root: Fingerprint)?
    let verifier: PeerVerifier
    let raw: OpaquePointer

    package init(_ role: Role, _ credential: Credential) throws(TLSFailure) {
        guard let raw = unsafe SSL_CTX_new(role == .server ? TLS_server_method() : TLS_client_method()) else {
            throw .unusableCredential(openSSLReason())
        }
        self.role = role
        own = (credential.identity, credential.validity, credential.root)
        verifier = PeerVerifier(credential.roots.revocations)
        unsafe self.raw = raw
        try configure()
        try load(credential)
        try trust(credential.roots)
    }

    /// As a client that shows no certificate: whoever it speaks to knows it by a token.
    package init(trusting roots: TrustAnchors) throws(TLSFailure) {
        guard let raw = unsafe SSL_CTX_new(TLS_client_method()) else {
            throw .unusableCredential(openSSLReason())
        }
        role = .client
        own = nil
        verifier = PeerVerifier(.none)
        unsafe self.raw = raw
        try configure()
        try trust(roots)
    }

    /// Who we are. Not for a client that shows no certificate.
    package var identity: SPIFFEIdentity {
        guard let own else { preconditionFailure("no certificate, no identity") }
        return own.identity
    }

    /// Of our own certificate, in seconds since 1970.
    package var validity: ClosedRange<Int64> {
        guard let own else { preconditionFailure("no certificate, no validity") }
        return own.validity
    }

    /// The root that our own certificate leads to; nil for a client that shows none.
    package var root: Fingerprint? { own?.root }

    deinit { unsafe SSL_CTX_free(raw) }

    private func configure() throws(TLSFailure) {
        guard unsafe COpenSSL_CTX_set_tls13_only(raw) == 1,
            unsafe SSL_CTX_set_ciphersuites(raw, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384") == 1
        else { throw .unusableCredential(openSSLReason()) }
        // Buffers are given back while a session is idle; a write that did not fit may be repeated from elsewhere; and our
        // chain is what we loaded: OpenSSL would look for the rest, and verify it, in every handshake.
        unsafe COpenSSL_CTX_set_mode(
            raw,
            Int(SSL_MODE_RELEASE_BUFFERS) | Int(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER) | Int(SSL_MODE_NO_AUTO_CHAIN))
        unsafe COpenSSL_CTX_disable_tickets(raw)
        unsafe COpenSSL_CTX_disable_session_cache(raw)
        unsafe SSL_CTX_set_num_tickets(raw, 0)
        // One recv takes several records.
        unsafe COpenSSL_CTX_set_read_ahead(raw, 1)
        unsafe SSL_CTX_set_default_read_buffer_len(raw, 128 * 1024)
        setVerification()
        setALPN()
    }

    private func setVerification() {
        unsafe SSL_CTX_set_verify(raw, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        unsafe SSL_CTX_set_cert_verify_callback(raw, { store, _ in unsafe verifyPeer(store) }, nil)
    }

    private func setALPN() {
        switch role {
        case .client: unsafe SSL_CTX_set_alpn_protos(raw, [2, 0x68, 0x32], 3)
        case .server:
            unsafe SSL_CTX_set_alpn_select_cb(
                raw, { _, chosen, length, offered, count, _ in unsafe selectHTTP2(chosen, length, offered, count) }, nil
            )
        }
    }

    private func load(_ credential: Credential) throws(TLSFailure) {
        let key = try KeyPair(pkcs8: credential.privateKey)
        for (index, der) in credential.chain.enumerated() {
            let certificate = try Certificate(der: der)
            let isTaken =
                unsafe index == 0
                ? SSL_CTX_use_certificate(raw, certificate.raw)
                : COpenSSL_CTX_add_chain_certificate(raw, certificate.raw)
            guard isTaken == 1 else { throw .unusableCredential(openSSLReason()) }
        }
        guard unsafe SSL_CTX_use_PrivateKey(raw, key.raw) == 1, unsafe SSL_CTX_check_private_key(raw) == 1 else {
            throw .unusableCredential(openSSLReason())
        }
    }

    private func trust(_ roots: TrustAnchors) throws(TLSFailure) {
        let store = unsafe SSL_CTX_get_cert_store(raw)
        for der in roots.certificates {
            let root = try Certificate(der: der)
            guard unsafe X509_STORE_add_cert(store, root.raw) == 1 else { throw .unusableCredential(openSSLReason()) }
        }
    }
}

@available(*, unavailable)
extension TLSContext: Sendable {}

/// OpenSSL's call in the middle of a handshake: the session that it belongs to decides.
private func verifyPeer(_ store: OpaquePointer?) -> CInt {
    guard let store = unsafe store,
        let session = unsafe X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()),
        let owner = unsafe COpenSSL_get_app_data(OpaquePointer(session))
    else { return 0 }
    return unsafe Unmanaged<TLSSession>.fromOpaque(owner)._withUnsafeGuaranteedRef { session in
        unsafe session.verifyPeer(store) ? 1 : 0
    }
}

/// RFC 7301 §3.2: a server that shares no protocol with its client answers with no_application_protocol.
private func selectHTTP2(
    _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?, _ length: UnsafeMutablePointer<UInt8>?,
    _ offered: UnsafePointer<UInt8>?, _ count: UInt32
) -> CInt {
    guard let offered = unsafe offered else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    let list = unsafe UnsafeBufferPointer(start: offered, count: Int(count))
    var index = 0
    while index < list.count {
        let size = unsafe Int(list[index])
        if size == 2, index + 2 < list.count, unsafe list[index + 1] == 0x68, unsafe list[index + 2] == 0x32 {
            unsafe chosen?.pointee = offered + index + 1
            unsafe length?.pointee = 2
            return SSL_TLSEXT_ERR_OK
        }
        index += 1 + size
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL
}
