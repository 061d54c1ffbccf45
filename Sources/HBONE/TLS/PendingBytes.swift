import Glibc

/// Bytes that a peer was not ready to take. Holds memory only while it holds bytes.
@safe struct PendingBytes: ~Copyable {
    private static let sizeMin = 512

    private var storage = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var start = 0
    private var end = 0

    init() {}

    deinit { unsafe free(storage.baseAddress) }

    var count: Int { end - start }
    /// Bytes of memory that it takes.
    var capacity: Int { unsafe storage.count }
    var isEmpty: Bool { start == end }

    var bytes: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(rebasing: storage[start..<end])
    }

    mutating func append(_ more: UnsafeRawBufferPointer) {
        guard more.count > 0 else { return }
        if unsafe end + more.count > storage.count { makeRoom(for: more.count) }
        unsafe memcpy(storage.baseAddress! + end, more.baseAddress!, more.count)
        end += more.count
    }

    mutating func drop(_ taken: Int) {
        precondition(taken <= count, "dropped \(taken) of \(count) bytes")
        start += taken
        if start == end { removeAll() }
    }

    mutating func removeAll() {
        unsafe free(storage.baseAddress)
        unsafe storage = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        start = 0
        end = 0
    }

    private mutating func makeRoom(for more: Int) {
        if start > 0 {
            unsafe memmove(storage.baseAddress!, storage.baseAddress! + start, count)
            end -= start
            start = 0
        }
        guard unsafe end + more > storage.count else { return }
        let size = max(Self.sizeMin, (end + more) * 3 / 2)
        guard let grown = unsafe realloc(storage.baseAddress, size) else { fatalError("out of memory") }
        unsafe storage = UnsafeMutableRawBufferPointer(start: grown, count: size)
    }
}
