import CLinux
import Glibc

/// A thread of the operating system that runs one function.
package struct KernelThread: ~Copyable {
    private let thread: pthread_t

    private final class Start {
        let name: String
        let body: @Sendable () -> Void

        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// - Parameter name: as tools like top show it; the kernel keeps 15 bytes.
    package init(named name: String, _ body: @escaping @Sendable () -> Void) throws(Errno) {
        var thread = pthread_t()
        let start = unsafe Unmanaged.passRetained(Start(String(name.prefix(15)), body))
        let status = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                unsafe CLinux_name_thread(start.name)
                start.body()
                return nil
            }, start.toOpaque())
        guard status == 0 else {
            unsafe start.release()
            throw Errno(code: status)
        }
        self.thread = thread
    }

    /// Waits until the function has returned.
    package consuming func join() {
        _ = pthread_join(thread, nil)
        discard self
    }

    deinit { pthread_detach(thread) }
}
