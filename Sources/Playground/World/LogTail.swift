import Foundation
import Reactor

/// Follows a file that a program appends lines to, and empties it before it grows without end.
struct LogTail {
    /// Programs append, so that after emptying they go on at the start.
    static let fileLimitBytes: UInt64 = 32 << 20
    /// A longer line is no line of ours.
    private static let lineLimitBytes = 64 << 10
    private static let chunkBytes = 1 << 20

    private let path: String
    private var offset: UInt64 = 0
    private var partial: [UInt8] = []

    init(path: String) {
        self.path = path
    }

    /// The whole lines that have come since, at most a chunk's worth.
    mutating func lines() -> [ArraySlice<UInt8>] {
        guard let file = FileHandle(forReadingAtPath: path) else { return [] }
        defer { try? file.close() }
        guard let size = try? file.seekToEnd() else { return [] }
        if size < offset { (offset, partial) = (0, []) }
        guard size > offset, (try? file.seek(toOffset: offset)) != nil,
            let bytes = try? file.read(upToCount: Self.chunkBytes)
        else { return [] }
        offset += UInt64(bytes.count)
        if offset == size, size > Self.fileLimitBytes, (try? Descriptor.open(appendingTo: path).truncate()) != nil {
            offset = 0
        }
        return split(bytes)
    }

    private mutating func split(_ bytes: Data) -> [ArraySlice<UInt8>] {
        partial += bytes
        guard let end = partial.lastIndex(of: UInt8(ascii: "\n")) else {
            if partial.count > Self.lineLimitBytes { partial = [] }
            return []
        }
        let whole = Array(partial[..<end])
        partial = Array(partial[(end + 1)...])
        return whole.split(separator: UInt8(ascii: "\n"))
    }
}
