import CLinux
import Glibc
import Mesh

extension SocketAddress {
    /// Calls `body` with this address as the kernel wants it. For a socket of the other family see `Socket`.
    func withKernelForm<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        switch ip.family {
        case .v4:
            var form = sockaddr_in()
            form.sin_family = sa_family_t(AF_INET)
            form.sin_port = port.bigEndian
            form.sin_addr.s_addr = UInt32(truncatingIfNeeded: ip.low).bigEndian
            return unsafe withUnsafePointer(to: form) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                    unsafe body(generic, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        case .v6:
            var form = sockaddr_in6()
            form.sin6_family = sa_family_t(AF_INET6)
            form.sin6_port = port.bigEndian
            unsafe withUnsafeMutableBytes(of: &form.sin6_addr) { bytes in
                unsafe bytes.storeBytes(of: ip.high.bigEndian, toByteOffset: 0, as: UInt64.self)
                unsafe bytes.storeBytes(of: ip.low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            return unsafe withUnsafePointer(to: form) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                    unsafe body(generic, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        }
    }

    /// What a call like getpeername(2) fills in; nil for a family that is not IP, or when the call fails.
    init?(filledBy call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> CInt) {
        var storage = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let status = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe call(generic, &length)
            }
        }
        guard status == 0 else { return nil }
        switch CInt(storage.sin6_family) {
        case AF_INET:
            let form = unsafe withUnsafeBytes(of: storage) { bytes in unsafe bytes.loadUnaligned(as: sockaddr_in.self) }
            self.init(IPAddress(v4: UInt32(bigEndian: form.sin_addr.s_addr)), UInt16(bigEndian: form.sin_port))
        case AF_INET6:
            let words = unsafe withUnsafeBytes(of: storage.sin6_addr) { bytes in
                unsafe (bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            }
            let ip = IPAddress(v6High: UInt64(bigEndian: words.0), low: UInt64(bigEndian: words.1))
            self.init(ip, UInt16(bigEndian: storage.sin6_port))
        default: return nil
        }
    }
}
