import Glibc

/// Sole owner of an open file descriptor; leaving scope closes it.
package struct Descriptor: ~Copyable {
    package let raw: CInt

    package init(owning raw: CInt) {
        precondition(raw >= 0, "not a descriptor: \(raw)")
        self.raw = raw
    }

    /// close(2) is never retried: on Linux the descriptor is gone whatever it returns.
    deinit { _ = Glibc.close(raw) }

    /// Gives the number to a new owner, which closes it.
    package consuming func release() -> CInt {
        let raw = raw
        discard self
        return raw
    }

    /// Opens a path for reading.
    package static func open(readOnly path: String) throws(Errno) -> Descriptor {
        let raw = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard raw >= 0 else { throw .last }
        return Descriptor(owning: raw)
    }
}
