import Foundation

/// What tells a file's content from an earlier one without reading it.
struct FileStamp: Hashable, Sendable {
    private let device: Int
    private let inode: Int
    private let bytes: Int
    private let modified: Date

    /// Nil when there is no file, or it cannot be looked at.
    init?(of path: String) {
        guard var attributes = try? FileManager.default.attributesOfItem(atPath: path) else { return nil }
        if attributes[.type] as? FileAttributeType == .typeSymbolicLink {
            // Of its target, since a mounted ConfigMap is links.
            let target = URL(filePath: path).resolvingSymlinksInPath().path
            guard let behind = try? FileManager.default.attributesOfItem(atPath: target) else { return nil }
            attributes = behind
        }
        guard let inode = attributes[.systemFileNumber] as? Int, let bytes = attributes[.size] as? Int,
            let modified = attributes[.modificationDate] as? Date
        else { return nil }
        self.inode = inode
        self.bytes = bytes
        self.modified = modified
        device = attributes[.systemNumber] as? Int ?? 0
    }

    func isSameFile(as other: FileStamp) -> Bool { inode == other.inode && device == other.device }

    /// A file that has just been written may be written again without its time moving: some file systems count in ticks of up
    /// to 10 ms. Neither is it certain that its writer is done.
    func isSettled(at now: Date) -> Bool {
        let age = now.timeIntervalSince(modified)
        // A time to come is that of a clock that was set.
        return age > Self.settlingSeconds || age < -Self.settlingSeconds
    }

    private static let settlingSeconds = 0.05
}
