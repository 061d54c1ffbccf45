import CLinux
import Glibc

/// Signals as something to read. While it lives they are blocked for the calling thread and those it starts; children that
/// `ChildProcess` starts get them as usual.
package struct SignalSource: ~Copyable {
    private let descriptor: Descriptor

    package init(_ signals: [CInt]) throws(Errno) {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in signals { unsafe sigaddset(&set, signal) }
        guard unsafe sigprocmask(SIG_BLOCK, &set, nil) == 0 else { throw .last }
        let raw = unsafe signalfd(-1, &set, CInt(SFD_NONBLOCK | SFD_CLOEXEC))
        guard raw >= 0 else { throw .last }
        descriptor = Descriptor(owning: raw)
    }

    package var raw: CInt { descriptor.raw }

    /// The next signal that came; nil when none waits.
    package func next() -> CInt? {
        var information = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        guard unsafe read(descriptor.raw, &information, size) == size else { return nil }
        return CInt(information.ssi_signo)
    }
}
