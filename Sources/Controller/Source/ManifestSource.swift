import Foundation

/// Directories of manifests, read again and again; of files only those that have changed.
///
/// Every `*.yaml`, `*.yml` and `*.json` file directly in a directory is read, in the order of their names; hidden files
/// are not. Directories are layers: an object in a later one replaces the same object of an earlier one, and so the
/// programs that act for a cluster complete what the user wrote without touching it. A Namespace, which is nothing but its
/// labels and annotations, adds them to those of the earlier one, as `kubectl label` would.
///
/// A file that cannot be read keeps what it held when it last could, so that a slip while editing changes nothing. Who reads
/// with `takesSoundDocuments` gets from such a file what could be read of it, and of the rest what was last read: one bad
/// object holds back only itself.
package struct ManifestSource: Sendable {
    package let directories: [String]
    /// What else exists although no manifest says so; nil when nobody asks whether what objects refer to is there.
    private let rootNamespace: String?
    private let takesSoundDocuments: Bool
    private let keepsDocuments: Bool
    private var files: [String: ReadFile] = [:]
    private var layers = ManifestLayers()
    private var isSettling = false

    /// Ten thousand pods, one in each file, and as much again.
    private static let fileLimit = 20_000

    /// What is known of a file.
    private struct ReadFile {
        /// Nil when there is none.
        var stamp: FileStamp?
        /// Whether it was read long enough after it was written, so that it is what it was while the stamp is.
        var isSettled: Bool
        var file: ManifestFile
    }

    package init(
        directories: [String], rootNamespace: String = "slipstream-system", takesSoundDocuments: Bool = false
    ) {
        self.init(
            directories: directories, rootNamespace: rootNamespace, takesSoundDocuments: takesSoundDocuments,
            keepsDocuments: true)
    }

    /// For one who wants objects alone, and reads again soon when a reading was not settled: takes sound documents, does not ask
    /// whether what they refer to is there, and forgets where their fields were.
    ///
    /// A file that somebody writes in place is left as it was until they are done: half a policy may say something else, and of
    /// an empty file nothing can be told. One that takes the place of another is whole.
    package init(objectsIn directories: [String]) {
        self.init(
            directories: directories, rootNamespace: nil, takesSoundDocuments: true, keepsDocuments: false)
    }

    private init(
        directories: [String], rootNamespace: String?, takesSoundDocuments: Bool, keepsDocuments: Bool
    ) {
        self.directories = directories
        self.rootNamespace = rootNamespace
        self.takesSoundDocuments = takesSoundDocuments
        self.keepsDocuments = keepsDocuments
    }

    /// What the directories hold now.
    package mutating func read() -> ManifestReading {
        var reading = ManifestReading()
        var present: Set<String> = []
        var order: [String] = []
        for (layer, directory) in directories.enumerated() {
            for path in paths(in: directory, &reading.diagnostics) where present.insert(path).inserted {
                order.append(path)
                refresh(path, layer: layer)
            }
        }
        for path in files.keys where !present.contains(path) {
            files[path] = nil
            layers.set(ManifestFile(), path: path, layer: 0)
        }
        for path in order { reading.diagnostics += files[path]?.file.diagnostics ?? [] }
        reading.changes = layers.settle()
        reading.objects = layers.objects
        reading.diagnostics += layers.repetitions
        reading.isSettled = !isSettling
        isSettling = false
        if let rootNamespace { checkReferences(of: &reading, rootNamespace) }
        return reading
    }

    private func checkReferences(of reading: inout ManifestReading, _ rootNamespace: String) {
        let check = ReferenceCheck(reading.objects, rootNamespace: rootNamespace)
        for (reference, manifest) in reading.objects.sorted(by: { $0.key < $1.key }) {
            let diagnostics = check.diagnostics(of: manifest)
            guard !diagnostics.isEmpty else { continue }
            reading.unresolved.insert(reference)
            reading.diagnostics += diagnostics
        }
    }

    /// In the order of their names; those of the last reading when the directory cannot be listed.
    private func paths(in directory: String, _ diagnostics: inout [ManifestDiagnostic]) -> [String] {
        do {
            let names = try FileManager.default.contentsOfDirectory(atPath: directory).filter(Self.isManifest).sorted()
            if names.count > Self.fileLimit {
                diagnostics.append(
                    .init(
                        .error, file: directory, line: 0, field: "", problem: "expected at most \(Self.fileLimit) files"
                    ))
            }
            return names.prefix(Self.fileLimit).map { "\(directory)/\($0)" }
        } catch {
            diagnostics.append(
                .init(.error, file: directory, line: 0, field: "", problem: "expected a directory that can be listed"))
            return files.keys.filter { $0.hasPrefix(directory + "/") }.sorted()
        }
    }

    private static func isManifest(_ name: String) -> Bool {
        !name.hasPrefix(".") && [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) }
    }

    private mutating func refresh(_ path: String, layer: Int) {
        // Before the reading: what is written during it has another stamp.
        let now = Date()
        let stamp = FileStamp(of: path)
        let known = files[path]
        if let stamp, let known, known.isSettled, known.stamp == stamp { return }
        let isSettled = stamp?.isSettled(at: now) ?? true
        if !isSettled, !keepsDocuments {
            isSettling = true
            if let old = known?.stamp, stamp?.isSameFile(as: old) == true { return }
        }
        let file = read(path)
        files[path] = ReadFile(stamp: stamp, isSettled: isSettled, file: file)
        layers.set(file, path: path, layer: layer)
    }

    private func read(_ path: String) -> ManifestFile {
        let last = files[path]?.file.manifests ?? []
        var file: ManifestFile
        switch ManifestText.read(path) {
        case .success(let text): file = ManifestReader.read(text, file: path)
        case .failure(let unreadable):
            file = ManifestFile()
            file.manifests = last
            file.diagnostics = [.init(.error, file: path, line: 0, field: "", problem: unreadable.problem)]
            return file
        }
        if !keepsDocuments { file.manifests = file.manifests.map(\.withoutDocument) }
        guard !file.isSound else { return file }
        guard takesSoundDocuments else {
            file.manifests = last
            return file
        }
        // What is missing may be what cannot be read.
        let found = Set(file.manifests.map(\.object.reference))
        file.manifests += last.filter { !found.contains($0.object.reference) }
        return file
    }
}

/// What a source's directories hold, and what is to be told about it.
package struct ManifestReading: Sendable {
    package var objects: [ObjectReference: Manifest] = [:]
    package var diagnostics: [ManifestDiagnostic] = []
    /// Those that refer to what is not there.
    package var unresolved: Set<ObjectReference> = []
    /// Whether no file is being written: else another reading is due soon.
    package var isSettled = true
    /// What has become different since the reading before.
    package var changes: [MeshModel.Change] = []

    package init() {}

    /// Whether something could not be read, is there twice or is missing. What is running should then go on as it is.
    package var isSound: Bool { !diagnostics.contains { $0.severity == .error } }
}
