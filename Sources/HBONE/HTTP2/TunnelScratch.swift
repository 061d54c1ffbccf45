import CLinux
import CNghttp2

/// The buffers that all tunnels of one reactor share. Each is filled and emptied within one turn of one tunnel.
///
/// Owned by one reactor; never crosses threads.
@safe package final class TunnelScratch {
    /// A batch is encrypted when it has grown to this; eight records.
    static let batchFlushSize = 128 * 1024
    static let frameHeaderSize = 9
    /// The most of an application's bytes that one DATA frame takes: a batch with the frame's header.
    static let frameSize = batchFlushSize - frameHeaderSize
    /// Less room than this is not worth a read.
    static let worthwhileSize = 16 * 1024
    /// A whole frame fits behind a batch that is almost full, and control frames behind that.
    static let batchSize = batchFlushSize + frameSize + 64 * 1024
    static let partLimit = 64

    let tls = TLSScratch()
    let batch: UnsafeMutableRawBufferPointer
    /// Of `batch`.
    var batchCount = 0
    /// What one turn of a tunnel may still take from applications, so that others get theirs.
    var turnBudget = 0

    /// Received bytes of one stream that follow each other: written to its application together.
    let parts: UnsafeMutableBufferPointer<iovec>
    var partCount = 0
    var partBytes = 0

    package init() {
        unsafe batch = .allocate(byteCount: Self.batchSize, alignment: 64)
        unsafe parts = .allocate(capacity: Self.partLimit)
        unsafe parts.initialize(repeating: iovec())
    }

    deinit {
        unsafe batch.deallocate()
        unsafe parts.deallocate()
    }

    var batchRoom: Int { Self.batchSize - batchCount }
}

@available(*, unavailable)
extension TunnelScratch: Sendable {}
