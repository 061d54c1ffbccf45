import CLinux
import Glibc

/// Lets one thread sleep until others ring. A ring while nobody waits is kept; many count as one.
package final class Doorbell: Sendable {
    private let event: Descriptor

    package init() throws(Errno) {
        let raw = eventfd(0, CInt(EFD_CLOEXEC))
        guard raw >= 0 else { throw .last }
        event = Descriptor(owning: raw)
    }

    package func ring() {
        var one: UInt64 = 1
        _ = unsafe write(event.raw, &one, 8)
    }

    /// Sleeps until the next ring.
    package func wait() {
        var count: UInt64 = 0
        while unsafe read(event.raw, &count, 8) < 0, Errno.last == .interrupted {}
    }
}
