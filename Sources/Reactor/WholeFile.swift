import Glibc

/// A small file read in one piece, blocking: for configuration at the edges, never in a byte path.
package enum WholeFile {
    /// The file's bytes; EFBIG when there are more than `limitBytes`.
    package static func contents(of path: String, limitBytes: Int) throws(Errno) -> [UInt8] {
        let file = try Descriptor.open(readOnly: path)
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = unsafe read(file.raw, &chunk, chunk.count)
            guard count >= 0 else { throw .last }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= limitBytes else { throw Errno(code: EFBIG) }
        }
    }
}
