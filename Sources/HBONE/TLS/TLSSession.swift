import COpenSSL
import CLinux
import Glibc
import Mesh
package import Reactor

/// TLS over one non-blocking socket, which it owns.
///
/// OpenSSL reads from the socket and writes into the reactor's shared ciphertext buffer, so that many records leave in one
/// send(2). Whoever writes calls `flush` before its turn ends.
@safe package final class TLSSession {
    package enum Progress: Equatable {
        case established
        case waiting
        case failed(TLSFailure)
    }

    package enum Reading: Equatable {
        case filled(bytes: Int)
        case wouldBlock
        /// The peer closed, properly or not: streams have ends of their own, so nothing can be cut off unnoticed.
        case ended
    }

    private let context: TLSContext
    private let scratch: TLSScratch
    private let expectation: PeerExpectation
    private let raw: OpaquePointer
    private var socket: Descriptor?
    private let descriptor: CInt

    /// Ciphertext that the socket did not take; while there is some nothing more is written.
    private var pending = PendingBytes()
    /// The last read came back short, so the socket is empty until epoll says otherwise.
    private var isDrained = false
    /// Once the peer has closed, a short read no longer means empty.
    private var hasEnd = false
    private var verificationFailure: TLSFailure?
    package private(set) var peer: VerifiedPeer?

    package init(
        _ context: TLSContext, _ socket: consuming Descriptor, expecting expectation: PeerExpectation,
        _ scratch: TLSScratch
    ) throws(TLSFailure) {
        guard let raw = unsafe SSL_new(context.raw) else { throw .unusableCredential(openSSLReason()) }
        guard let transport = unsafe BIO_new(cipherTransport) else {
            unsafe SSL_free(raw)
            throw .unusableCredential(openSSLReason())
        }
        self.context = context
        self.scratch = scratch
        self.expectation = expectation
        unsafe self.raw = raw
        descriptor = socket.raw
        self.socket = consume socket
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe BIO_set_data(transport, me)
        unsafe BIO_set_init(transport, 1)
        unsafe SSL_set_bio(raw, transport, transport)
        unsafe _ = COpenSSL_set_app_data(raw, me)
        // RFC 6066 §3: names, not addresses.
        if case .host(let name) = expectation, IPAddress(name) == nil { unsafe _ = COpenSSL_set_server_name(raw, name) }
        switch context.role {
        case .client: unsafe SSL_set_connect_state(raw)
        case .server: unsafe SSL_set_accept_state(raw)
        }
    }

    deinit { unsafe SSL_free(raw) }

    package var isBlocked: Bool { !pending.isEmpty }

    /// Closes the socket. The peer is told (close_notify) if it still reads.
    package func close() {
        guard socket != nil else { return }
        // When another session is in the middle of its turn the shared buffer is its own.
        if unsafe SSL_is_init_finished(raw) == 1, !isBlocked, scratch.cipherCount == 0 {
            unsafe _ = SSL_shutdown(raw)
            flush()
        }
        ERR_clear_error()
        socket = nil
    }

    /// Says that nothing more will be written, while what the peer still sends is read.
    func finish() {
        unsafe _ = SSL_shutdown(raw)
        ERR_clear_error()
        flush()
        if !isBlocked { Socket.shutdownWrite(descriptor) }
    }

    // MARK: Handshake

    package func handshake() -> Progress {
        precondition(scratch.cipherCount == 0, "another session left ciphertext behind")
        let status = unsafe SSL_do_handshake(raw)
        flush()
        guard status != 1 else {
            return isHTTP2 ? .established : .failed(.protocolError("peer did not negotiate HTTP/2"))
        }
        switch unsafe SSL_get_error(raw, status) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE:
            ERR_clear_error()
            return .waiting
        case SSL_ERROR_ZERO_RETURN: return .failed(.closed)
        default: return .failed(failure())
        }
    }

    /// RFC 9113 §3.3: HTTP/2 over TLS is negotiated. OpenSSL asks nothing of a peer that leaves ALPN out.
    private var isHTTP2: Bool {
        var name: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        unsafe SSL_get0_alpn_selected(raw, &name, &length)
        return unsafe UnsafeBufferPointer(start: name, count: Int(length)).elementsEqual([0x68, 0x32])
    }

    /// OpenSSL's queue is empty when the peer just went away.
    private func failure() -> TLSFailure {
        if let verificationFailure {
            ERR_clear_error()
            return verificationFailure
        }
        let code = ERR_peek_error()
        guard code != 0 else { return .closed }
        let isAlert = COpenSSL_is_alert(code) == 1
        let reason = openSSLReason()
        if isAlert { return .refusedByPeer(alert: reason) }
        return reason == "peer did not return a certificate" ? .noCertificate : .protocolError(reason)
    }

    /// Called in the middle of a handshake; the refusal that the peer sees is bad_certificate, or what fits the chain's fault.
    func verifyPeer(_ store: OpaquePointer) -> Bool {
        do throws(TLSFailure) {
            peer = try unsafe context.verifier.verify(store, expecting: expectation)
            return true
        } catch {
            verificationFailure = error
            if unsafe X509_STORE_CTX_get_error(store) == X509_V_OK {
                unsafe X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED)
            }
            return false
        }
    }

    /// Such as `TLS_AES_128_GCM_SHA256`.
    package var cipherSuite: String {
        guard let name = unsafe SSL_CIPHER_standard_name(SSL_get_current_cipher(raw)) else { return "" }
        return unsafe String(cString: name)
    }

    // MARK: Bytes

    /// Epoll spoke of the socket.
    package func noteReadable(_ readiness: Readiness) {
        isDrained = false
        if readiness.announcesEnd { hasEnd = true }
    }

    /// Decrypts what is there, up to the room given.
    package func read(into room: UnsafeMutableRawBufferPointer) -> Reading {
        var filled = 0
        while filled < room.count {
            var count = 0
            let status = unsafe SSL_read_ex(raw, room.baseAddress! + filled, room.count - filled, &count)
            if status == 1 {
                filled += count
                continue
            }
            let reason = unsafe SSL_get_error(raw, status)
            ERR_clear_error()
            let isWaiting = reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE
            // An alert that OpenSSL has written is for this peer, and must not wait in the shared buffer for another's turn.
            if !isWaiting { flush() }
            if filled > 0 { break }
            return isWaiting ? .wouldBlock : .ended
        }
        return .filled(bytes: filled)
    }

    /// Encrypts into the shared buffer; false when the session is broken.
    package func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count > 0 else { return true }
        var count = 0
        guard unsafe SSL_write_ex(raw, bytes.baseAddress!, bytes.count, &count) == 1, count == bytes.count else {
            ERR_clear_error()
            return false
        }
        if scratch.cipherCount >= TLSScratch.cipherFlushSize { flush() }
        return true
    }

    /// Sends what was collected; what the socket does not take waits, and blocks further writing.
    package func flush() {
        let collected = scratch.cipherCount
        guard collected > 0 else { return }
        scratch.cipherCount = 0
        var sent = 0
        if pending.isEmpty {
            let count = unsafe send(descriptor, scratch.cipher.baseAddress!, collected, CInt(MSG_NOSIGNAL))
            // An error shows itself at the next read; until then the bytes wait like others.
            sent = max(0, count)
        }
        if sent < collected {
            unsafe pending.append(UnsafeRawBufferPointer(rebasing: scratch.cipher[sent..<collected]))
        }
    }

    /// The socket takes bytes again.
    package func resume() {
        while !pending.isEmpty {
            let bytes = unsafe pending.bytes
            let count = unsafe send(descriptor, bytes.baseAddress!, bytes.count, CInt(MSG_NOSIGNAL))
            guard count > 0 else { return }
            pending.drop(count)
        }
    }

    // MARK: OpenSSL's side

    fileprivate func collect(_ bytes: UnsafeRawBufferPointer) {
        if scratch.cipherCount + bytes.count > TLSScratch.cipherSize { flush() }
        unsafe memcpy(scratch.cipher.baseAddress! + scratch.cipherCount, bytes.baseAddress!, bytes.count)
        scratch.cipherCount += bytes.count
    }

    fileprivate enum Receiving { case got(Int), wouldBlock, ended }

    fileprivate func receive(into room: UnsafeMutableRawBufferPointer) -> Receiving {
        guard !isDrained else { return .wouldBlock }
        let count = unsafe recv(descriptor, room.baseAddress!, room.count, 0)
        guard count < 0 else {
            if count < room.count, !hasEnd { isDrained = true }
            return count == 0 ? .ended : .got(count)
        }
        guard Errno.last == .wouldBlock else { return .ended }
        isDrained = true
        return .wouldBlock
    }
}

@available(*, unavailable)
extension TLSSession: Sendable {}

/// OpenSSL's view of a session's socket (BIO_meth_new(3)): made once, never changed.
private nonisolated(unsafe) let cipherTransport: OpaquePointer? = {
    guard let method = unsafe BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "slipstream") else { return nil }
    unsafe BIO_meth_set_write_ex(method) { transport, bytes, count, written in
        guard let owner = unsafe BIO_get_data(transport), let bytes = unsafe bytes else { return 0 }
        unsafe Unmanaged<TLSSession>.fromOpaque(owner)._withUnsafeGuaranteedRef { session in
            unsafe session.collect(UnsafeRawBufferPointer(start: bytes, count: count))
        }
        unsafe written?.pointee = count
        return 1
    }
    unsafe BIO_meth_set_read_ex(method) { transport, room, size, filled in
        guard let owner = unsafe BIO_get_data(transport), let room = unsafe room, size > 0 else { return 0 }
        unsafe BIO_clear_flags(transport, BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY)
        let receiving = unsafe Unmanaged<TLSSession>.fromOpaque(owner)._withUnsafeGuaranteedRef { session in
            unsafe session.receive(into: UnsafeMutableRawBufferPointer(start: room, count: size))
        }
        switch receiving {
        case .got(let count):
            unsafe filled?.pointee = count
            return 1
        case .wouldBlock:
            unsafe BIO_set_flags(transport, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
            return 0
        case .ended: return 0
        }
    }
    unsafe BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
    return unsafe method
}()
