import Glibc

/// What the kernel said when it refused.
package struct Errno: Error, Hashable, Sendable {
    package let code: CInt

    package init(code: CInt) { self.code = code }

    /// The calling thread's last error. Read it in the same expression as the call that failed.
    package static var last: Errno { Errno(code: Glibc.errno) }

    package static let wouldBlock = Errno(code: EAGAIN)
    package static let interrupted = Errno(code: EINTR)
    package static let inProgress = Errno(code: EINPROGRESS)
    package static let refused = Errno(code: ECONNREFUSED)
    package static let reset = Errno(code: ECONNRESET)
    package static let timedOut = Errno(code: ETIMEDOUT)
    package static let brokenPipe = Errno(code: EPIPE)
    package static let addressInUse = Errno(code: EADDRINUSE)
    package static let noSuchAddress = Errno(code: EADDRNOTAVAIL)
    package static let noAddressFamily = Errno(code: EAFNOSUPPORT)
    package static let tooManyDescriptors = Errno(code: EMFILE)
    package static let tooManyDescriptorsInSystem = Errno(code: ENFILE)
    package static let noBuffers = Errno(code: ENOBUFS)
    package static let noMemory = Errno(code: ENOMEM)
}

extension Errno: CustomStringConvertible {
    package var description: String {
        unsafe String(cString: strerror(code))
    }
}
