import Foundation
import Reactor

/// Held by the process that runs the world, as long as it runs; the kernel lets go of it when the process ends.
struct WorldLock: ~Copyable {
    private let file: Descriptor

    /// Nil when another process holds it.
    static func take(_ layout: Layout) throws -> WorldLock? {
        try FileManager.default.createDirectory(atPath: layout.root, withIntermediateDirectories: true)
        let file = try Descriptor.open(appendingTo: layout.lock, mode: 0o600)
        guard file.lock() else { return nil }
        return WorldLock(file: file)
    }

    /// Says who holds it.
    borrowing func sign() throws {
        try file.truncate()
        guard let own = ProcessRecord.current else { return }
        let text = Array("\(own)\n".utf8)
        _ = try Bytes.write(file.raw, text[...])
    }

    /// The process that runs the world, if one does.
    static func holder(_ layout: Layout) -> ProcessRecord? {
        guard let text = try? String(contentsOfFile: layout.lock, encoding: .utf8),
            let record = ProcessRecord(text.trimmingCharacters(in: .whitespacesAndNewlines)), record.isRunning
        else { return nil }
        return record
    }
}
