import Foundation

/// Directories of manifests, read again and again.
///
/// Every `*.yaml`, `*.yml` and `*.json` file directly in a directory is read, in the order of their names; hidden files
/// are not. Directories are layers: an object in a later one replaces the same object of an earlier one, and so the
/// programs that act for a cluster complete what the user wrote without touching it.
///
/// A file that cannot be read keeps what it held when it last could, so that a slip while editing changes nothing. Who reads
/// with `takesSoundDocuments` gets from such a file what could be read of it, and of the rest what was last read: one bad
/// object holds back only itself.
package struct ManifestSource: Sendable {
    package let directories: [String]
    /// What else exists although no manifest says so.
    private let rootNamespace: String
    private let takesSoundDocuments: Bool
    private var lastSound: [String: [Manifest]] = [:]

    /// Ten thousand pods, one in each file, and as much again.
    private static let fileLimit = 20_000

    package init(
        directories: [String], rootNamespace: String = "slipstream-system", takesSoundDocuments: Bool = false
    ) {
        self.directories = directories
        self.rootNamespace = rootNamespace
        self.takesSoundDocuments = takesSoundDocuments
    }

    /// What the directories hold now.
    package mutating func read() -> ManifestReading {
        var reading = ManifestReading()
        var sound: [String: [Manifest]] = [:]
        for directory in directories {
            var layer: [ObjectReference: Manifest] = [:]
            for path in files(in: directory, &reading.diagnostics) {
                let manifests = manifests(in: path, &reading.diagnostics)
                sound[path] = manifests
                for manifest in manifests { reading.diagnostics += layer.insert(manifest) }
            }
            for manifest in layer.values { reading.objects[manifest.object.reference] = manifest }
        }
        lastSound = sound
        checkReferences(of: &reading)
        return reading
    }

    private func checkReferences(of reading: inout ManifestReading) {
        let check = ReferenceCheck(reading.objects, rootNamespace: rootNamespace)
        for (reference, manifest) in reading.objects.sorted(by: { $0.key < $1.key }) {
            let diagnostics = check.diagnostics(of: manifest)
            guard !diagnostics.isEmpty else { continue }
            reading.unresolved.insert(reference)
            reading.diagnostics += diagnostics
        }
    }

    /// In the order of their names; those of the last reading when the directory cannot be listed.
    private func files(in directory: String, _ diagnostics: inout [ManifestDiagnostic]) -> [String] {
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
            return lastSound.keys.filter { $0.hasPrefix(directory + "/") }.sorted()
        }
    }

    private static func isManifest(_ name: String) -> Bool {
        !name.hasPrefix(".") && [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) }
    }

    private func manifests(in path: String, _ diagnostics: inout [ManifestDiagnostic]) -> [Manifest] {
        let file: ManifestFile
        switch ManifestText.read(path) {
        case .success(let text): file = ManifestReader.read(text, file: path)
        case .failure(let unreadable):
            diagnostics.append(.init(.error, file: path, line: 0, field: "", problem: unreadable.problem))
            return lastSound[path] ?? []
        }
        diagnostics += file.diagnostics
        guard !file.isSound else { return file.manifests }
        let last = lastSound[path] ?? []
        guard takesSoundDocuments else { return last }
        // What is missing may be what cannot be read.
        let present = Set(file.manifests.map(\.object.reference))
        return file.manifests + last.filter { !present.contains($0.object.reference) }
    }
}

/// What a source's directories hold, and what is to be told about it.
package struct ManifestReading: Sendable {
    package var objects: [ObjectReference: Manifest] = [:]
    package var diagnostics: [ManifestDiagnostic] = []
    /// Those that refer to what is not there.
    package var unresolved: Set<ObjectReference> = []

    package init() {}

    /// Whether something could not be read, is there twice or is missing. What is running should then go on as it is.
    package var isSound: Bool { !diagnostics.contains { $0.severity == .error } }
}

extension [ObjectReference: Manifest] {
    /// Takes an object in, unless one file of the layer or another has it already.
    fileprivate mutating func insert(_ manifest: Manifest) -> [ManifestDiagnostic] {
        let reference = manifest.object.reference
        guard let first = self[reference] else {
            self[reference] = manifest
            return []
        }
        return [
            manifest.diagnostic(
                .error, field: "metadata.name",
                problem: "expected each object once, found \(reference) again, as in \(first.file):"
                    + "\(first.document.line(at: "metadata.name"))")
        ]
    }
}
