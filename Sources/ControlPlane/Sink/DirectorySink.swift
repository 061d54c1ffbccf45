package import Controller
import Discovery
package import Reactor

/// A directory with a file for each made object under `objects`, and for each status under `status`:
/// `Kind.namespace.name.yaml`. A file is never seen half written.
package actor DirectorySink: WorldSink {
    private let directory: String

    /// Longer names become shorter ones: a file's may have 255 bytes, and what is written first has a few more.
    private static let nameLimitBytes = 240
    private static let lengthLimitBytes = 1 << 20

    package init(_ directory: String) { self.directory = directory }

    package func put(_ changes: StatusBook.Changes, isWhole: Bool) throws(Errno) {
        let objects = changes.objects.mapValues { $0.map { ManifestWriter.text(of: [$0]) } }
        try bring(Self.files(objects), isWhole: isWhole, in: "objects")
        let statuses = changes.statuses.mapValues { $0.map { YAMLEmitter.text(ofDocuments: [$0.yaml]) } }
        try bring(Self.files(statuses), isWhole: isWhole, in: "status")
    }

    private static func files(_ texts: [ObjectReference: String?]) -> [String: String?] {
        Dictionary(texts.map { (fileName($0.key), $0.value) }) { $1 }
    }

    private static func fileName(_ reference: ObjectReference) -> String {
        let namespace = reference.namespace.isEmpty ? "" : "\(reference.namespace)."
        let name = "\(reference.kind.rawValue).\(namespace)\(reference.name)"
        guard name.utf8.count > nameLimitBytes else { return name + ".yaml" }
        let hash = ContentHash(Array(name.utf8)).version
        return "\(name.prefix(nameLimitBytes - hash.utf8.count)).\(hash).yaml"
    }

    /// Half-written ones included.
    private static func isOurs(_ name: String) -> Bool { name.hasSuffix(".yaml") || name.hasSuffix(".yaml.new") }

    private func bring(_ files: [String: String?], isWhole: Bool, in folder: String) throws(Errno) {
        let path = "\(directory)/\(folder)"
        try Directory.make(path)
        for (name, text) in files.sorted(by: { $0.key < $1.key }) {
            guard let text else {
                try Directory.remove(name, in: path)
                continue
            }
            let bytes = Array(text.utf8)
            // Whoever watches is not woken for nothing.
            let old = try? WholeFile.contents(of: "\(path)/\(name)", limitBytes: Self.lengthLimitBytes)
            if old != bytes { try Directory.replace(name, in: path, with: bytes) }
        }
        guard isWhole else { return }
        for name in try Directory.names(in: path) where Self.isOurs(name) && files[name]?.flatMap(\.self) == nil {
            try Directory.remove(name, in: path)
        }
    }
}
