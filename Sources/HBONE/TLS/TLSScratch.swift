/// The buffers that all TLS connections of one reactor share: each is filled and emptied within one turn of one connection.
///
/// Owned by one reactor; never crosses threads.
@safe package final class TLSScratch {
    /// What is decrypted before it is passed on: sixteen records. Fewer, larger writes wake the application less often.
    static let plainSize = 256 * 1024
    /// Ciphertext is sent when this much has been collected.
    static let cipherFlushSize = 128 * 1024
    /// A batch of frames and its records' overhead fit on top of what is flushed.
    static let cipherSize = cipherFlushSize + 384 * 1024

    let plain: UnsafeMutableRawBufferPointer
    let cipher: UnsafeMutableRawBufferPointer
    /// Of `cipher`, by the session that writes at the moment. 0 between turns.
    var cipherCount = 0

    package init() {
        unsafe plain = .allocate(byteCount: Self.plainSize, alignment: 64)
        unsafe cipher = .allocate(byteCount: Self.cipherSize, alignment: 64)
    }

    deinit {
        unsafe plain.deallocate()
        unsafe cipher.deallocate()
    }
}

@available(*, unavailable)
extension TLSScratch: Sendable {}
