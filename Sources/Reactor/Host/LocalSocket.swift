import CLinux
import Glibc

/// Stream sockets of the Unix domain (unix(7)).
package enum LocalSocket {
    /// Listens at a path, which must be free. Non-blocking.
    package static func listen(at path: String) throws(Errno) -> Descriptor {
        let socket = try make(isBlocking: false)
        try unsafe call(path) { unsafe bind(socket.raw, $0, $1) }
        guard Glibc.listen(socket.raw, 16) == 0 else { throw .last }
        return socket
    }

    /// Connects to a path. One that does not block fails where the listener has no room (`EAGAIN`).
    package static func connect(to path: String, isBlocking: Bool = true) throws(Errno) -> Descriptor {
        let socket = try make(isBlocking: isBlocking)
        try unsafe call(path) { unsafe Glibc.connect(socket.raw, $0, $1) }
        return socket
    }

    private static func make(isBlocking: Bool) throws(Errno) -> Descriptor {
        var kind = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        if !isBlocking { kind |= CInt(SOCK_NONBLOCK.rawValue) }
        let raw = socket(AF_UNIX, kind, 0)
        guard raw >= 0 else { throw .last }
        return Descriptor(owning: raw)
    }

    private static func call(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) throws(Errno) {
        var form = sockaddr_un()
        form.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: form.sun_path) else { throw Errno(code: ENAMETOOLONG) }
        unsafe withUnsafeMutableBytes(of: &form.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let status = unsafe withUnsafePointer(to: form) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe body(generic, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else { throw .last }
    }
}
