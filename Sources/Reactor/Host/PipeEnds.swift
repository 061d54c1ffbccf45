import CLinux
import Glibc

/// Two ends of a pipe, close-on-exec.
package struct PipeEnds: ~Copyable {
    package let reading: Descriptor
    package let writing: Descriptor

    package init() throws(Errno) {
        var ends: (CInt, CInt) = (-1, -1)
        let status = unsafe withUnsafeMutablePointer(to: &ends) { pair in
            unsafe pair.withMemoryRebound(to: CInt.self, capacity: 2) { unsafe CLinux_pipe2($0, O_CLOEXEC) }
        }
        guard status == 0 else { throw .last }
        reading = Descriptor(owning: ends.0)
        writing = Descriptor(owning: ends.1)
    }

    /// Closes the writing end, so that the reading end comes to its end when every child has closed its own.
    package consuming func keepReading() -> Descriptor { reading }
}

extension Descriptor {
    /// Opens a file to write at its end, and makes it when there is none.
    package static func open(appendingTo path: String, mode: UInt32 = 0o644) throws(Errno) -> Descriptor {
        let raw = unsafe Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode)
        guard raw >= 0 else { throw .last }
        return Descriptor(owning: raw)
    }

    /// Makes the file empty; writers that append go on at its start.
    package borrowing func truncate() throws(Errno) {
        guard ftruncate(raw, 0) == 0 else { throw .last }
    }

    /// Locks the file for this process alone (flock(2)), as long as it is open; false when another holds it.
    package borrowing func lock() -> Bool { flock(raw, LOCK_EX | LOCK_NB) == 0 }
}
