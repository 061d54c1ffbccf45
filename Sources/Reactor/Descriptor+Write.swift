import CLinux
import Glibc

extension Descriptor {
    /// Standard error, which outlives everyone.
    package static let standardError: CInt = 2

    /// Writes everything, however long the reader takes: for threads that may wait, never on a reactor.
    package static func writeAll(_ bytes: [UInt8], to descriptor: CInt) throws(Errno) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes[written...].withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                written += count
                continue
            }
            let failure = Errno.last
            switch failure {
            case .interrupted: continue
            case .wouldBlock: waitUntilWritable(descriptor)
            default: throw failure
            }
        }
    }

    private static func waitUntilWritable(_ descriptor: CInt) {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&entry, 1, -1)
    }
}
