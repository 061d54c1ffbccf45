import CLinux
import Glibc

/// A Unix socket that keeps packets apart (unix(7), SOCK_SEQPACKET) and carries descriptors beside them. Non-blocking.
package struct PacketSocket: ~Copyable {
    /// One packet, with what came beside it.
    package struct Packet: ~Copyable {
        package let bytes: [UInt8]
        fileprivate var descriptor: Descriptor?
        /// The packet, or what came beside it, was more than there was room for.
        package let isTruncated: Bool

        package var hasDescriptor: Bool { descriptor != nil }

        package consuming func takeDescriptor() -> Descriptor? { descriptor.take() }
    }

    package enum Reception: ~Copyable {
        case packet(Packet)
        case wouldBlock
        case ended
    }

    private let descriptor: Descriptor

    package init(owning descriptor: consuming Descriptor) { self.descriptor = descriptor }

    package var raw: CInt { descriptor.raw }

    /// Connects at once or fails: there is no waiting for a Unix socket but for room in its backlog (EAGAIN).
    package static func connect(to path: String) throws(Errno) -> PacketSocket {
        let socket = try make()
        try unsafe socket.call(path) { unsafe Glibc.connect(socket.raw, $0, $1) }
        return PacketSocket(owning: socket)
    }

    /// A listening socket at `path`, which must be free. Who accepts from it gets descriptors for `init(owning:)`.
    package static func listen(at path: String, backlog: CInt) throws(Errno) -> Descriptor {
        let socket = try make()
        try unsafe socket.call(path) { unsafe bind(socket.raw, $0, $1) }
        guard Glibc.listen(socket.raw, backlog) == 0 else { throw .last }
        return socket
    }

    /// Two ends of one connection.
    package static func pair() throws(Errno) -> (CInt, CInt) {
        var ends: [CInt] = [-1, -1]
        guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw .last }
        return (ends[0], ends[1])
    }

    /// Sends one packet, whole or not at all; EAGAIN when the peer does not read.
    package borrowing func send(_ bytes: [UInt8], passing passed: CInt = -1) throws(Errno) {
        let count = unsafe CLinux_send_with_descriptor(raw, bytes, bytes.count, passed)
        guard count >= 0 else { throw .last }
    }

    /// The next packet, of at most `limitBytes`.
    package borrowing func receive(limitBytes: Int) throws(Errno) -> Reception {
        var passed: CInt = -1
        var truncated: CInt = 0
        var failure: Errno?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limitBytes) { room, count in
            let received = unsafe CLinux_receive_with_descriptor(
                raw, room.baseAddress, limitBytes, &passed, &truncated)
            if received < 0 { failure = .last }
            count = max(received, 0)
        }
        if failure == .wouldBlock || failure == .interrupted { return .wouldBlock }
        if let failure { throw failure }
        let descriptor = passed >= 0 ? Descriptor(owning: passed) : nil
        // No message of ours is empty: this is the end.
        if bytes.isEmpty { return .ended }
        return .packet(Packet(bytes: bytes, descriptor: descriptor, isTruncated: truncated != 0))
    }

    private static var kind: CInt {
        CInt(SOCK_SEQPACKET.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    }

    private static func make() throws(Errno) -> Descriptor {
        let raw = socket(AF_UNIX, kind, 0)
        guard raw >= 0 else { throw .last }
        return Descriptor(owning: raw)
    }
}

extension Descriptor {
    /// Calls with the address of a Unix socket at `path`.
    fileprivate borrowing func call(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) throws(Errno) {
        var form = sockaddr_un()
        form.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count < MemoryLayout.size(ofValue: form.sun_path) else {
            throw Errno(code: ENAMETOOLONG)
        }
        unsafe withUnsafeMutableBytes(of: &form.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let status = unsafe withUnsafePointer(to: form) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe body(generic, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else { throw .last }
    }
}
