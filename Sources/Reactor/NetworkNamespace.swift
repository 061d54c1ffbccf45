import CLinux
import Glibc
import Synchronization

/// A network namespace, held open so that it lives as long as something uses it. Immutable; any thread may hold it.
package final class NetworkNamespace: Sendable {
    private let descriptor: Descriptor
    /// The namespace's identity in the kernel: two descriptors of one namespace share it.
    package let device: UInt64
    package let inode: UInt64

    /// Takes over a descriptor of a namespace, as one arrives from a node agent.
    package init(owning descriptor: consuming Descriptor) throws(Errno) {
        var status = stat()
        guard unsafe fstat(descriptor.raw, &status) == 0 else { throw .last }
        self.descriptor = descriptor
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
    }

    /// Opens a path such as `/run/netns/NAME` or `/proc/PID/ns/net`.
    package convenience init(path: String) throws(Errno) {
        try self.init(owning: try Descriptor.open(readOnly: path))
    }

    package var raw: CInt { descriptor.raw }

    package static func == (left: NetworkNamespace, right: NetworkNamespace) -> Bool {
        left.device == right.device && left.inode == right.inode
    }

    /// Moves the calling thread into this namespace. Sockets belong for ever to the namespace they were made in, so only the
    /// making needs it.
    func enter() throws(Errno) {
        guard CLinux_setns(descriptor.raw, CLinux_CLONE_NEWNET()) == 0 else { throw .last }
    }
}

/// Where a thread makes its sockets. A thread stays in the namespace it entered last: a busy pod's sockets follow each other, and
/// most need no system call to move. Thread-confined.
package final class NamespaceVisitor {
    private let home: NetworkNamespace
    private var current: NetworkNamespace

    /// The calling thread's own namespace is home.
    package init() throws(Errno) {
        home = try NetworkNamespace(path: "/proc/thread-self/ns/net")
        current = home
    }

    /// Runs `body` in `namespace`, or at home for nil.
    package func visit<Result: ~Copyable>(
        _ namespace: NetworkNamespace?, _ body: () throws(Errno) -> Result
    ) throws(Errno) -> Result {
        let target = namespace ?? home
        if !(target == current) {
            try target.enter()
            current = target
        }
        return try body()
    }
}

@available(*, unavailable)
extension NamespaceVisitor: Sendable {}
