import Glibc

/// Directories and the files in them, whole: for configuration and state at the edges, never in a byte path.
package enum Directory {
    /// The names in a directory, sorted, without `.` and `..`.
    package static func names(in path: String) throws(Errno) -> [String] {
        guard let stream = unsafe opendir(path) else { throw .last }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { characters in
                unsafe characters.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// How many names there are, without reading them: there may be very many.
    package static func count(in path: String) throws(Errno) -> Int {
        guard let stream = unsafe opendir(path) else { throw .last }
        defer { unsafe closedir(stream) }
        var count = 0
        while unsafe readdir(stream) != nil { count += 1 }
        return max(0, count - 2)
    }

    /// Makes a directory, and those above it; one that is there is fine.
    package static func make(_ path: String) throws(Errno) {
        guard unsafe mkdir(path, 0o755) != 0 else { return }
        let failure = Errno.last
        switch failure.code {
        case EEXIST: return
        case ENOENT where path.contains("/"):
            let parent = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
            guard !parent.isEmpty else { throw failure }
            try make(String(parent))
            guard unsafe mkdir(path, 0o755) == 0 else { throw .last }
        default: throw failure
        }
    }

    /// Writes a file so that a reader sees the old bytes or the new ones, whole: into a new file beside it, which then takes its
    /// name.
    ///
    /// - Parameters:
    ///   - mode: from the first byte on.
    ///   - isLasting: whether the bytes are to be on the disk, should the machine fail.
    package static func replace(
        _ name: String, in path: String, with bytes: [UInt8], mode: UInt32 = 0o644, isLasting: Bool = false
    ) throws(Errno) {
        let (temporary, final) = ("\(path)/.\(name).new", "\(path)/\(name)")
        // One that was left behind may have another mode.
        unsafe unlink(temporary)
        let raw = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard raw >= 0 else { throw .last }
        let file = Descriptor(owning: raw)
        var rest = bytes[...]
        while !rest.isEmpty { rest = rest.dropFirst(try Bytes.write(file.raw, rest)) }
        guard !isLasting || fsync(file.raw) == 0 else { throw .last }
        guard unsafe rename(temporary, final) == 0 else { throw .last }
    }

    /// Removes a file; one that is not there is fine.
    package static func remove(_ name: String, in path: String) throws(Errno) {
        guard unsafe unlink("\(path)/\(name)") != 0 else { return }
        let failure = Errno.last
        guard failure.code == ENOENT else { throw failure }
    }
}
