import Glibc
import Reactor

/// Bytes over one non-blocking socket, which it owns, with the manners of a `TLSSession`.
@safe final class PlainSession {
    private var socket: Descriptor?
    private let descriptor: CInt
    /// What was written, and what of it the socket did not take.
    private var pending = PendingBytes()
    private(set) var isBlocked = false

    init(_ socket: consuming Descriptor) {
        descriptor = socket.raw
        self.socket = consume socket
    }

    func read(into room: UnsafeMutableRawBufferPointer) -> TLSSession.Reading {
        let count = unsafe recv(descriptor, room.baseAddress!, room.count, 0)
        if count > 0 { return .filled(bytes: count) }
        return count < 0 && Errno.last == .wouldBlock ? .wouldBlock : .ended
    }

    func write(_ bytes: UnsafeRawBufferPointer) { unsafe pending.append(bytes) }

    /// Sends what was written; what the socket does not take waits.
    func flush() {
        defer { isBlocked = !pending.isEmpty }
        while !pending.isEmpty {
            let bytes = unsafe pending.bytes
            let count = unsafe send(descriptor, bytes.baseAddress!, bytes.count, CInt(MSG_NOSIGNAL))
            // An error shows itself at the next read.
            guard count > 0 else { return }
            pending.drop(count)
        }
    }

    func close() { socket = nil }
}
