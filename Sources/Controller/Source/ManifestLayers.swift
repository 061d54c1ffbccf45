import Discovery

/// Which file gives each object. Changed file by file; what a change touches is all that is looked at.
struct ManifestLayers: Sendable {
    private struct Holder: Comparable {
        let layer: Int
        let path: String

        /// A later layer first, and in a layer the first file.
        static func < (one: Holder, other: Holder) -> Bool { (-one.layer, one.path) < (-other.layer, other.path) }
    }

    private(set) var objects: [ObjectReference: Manifest] = [:]
    private var files: [String: (layer: Int, file: ManifestFile)] = [:]
    private var holders: [ObjectReference: [Holder]] = [:]
    private var repeated: [ObjectReference: [ManifestDiagnostic]] = [:]
    private var touched: Set<ObjectReference> = []

    /// A file holds this now; nothing when it is gone.
    mutating func set(_ file: ManifestFile, path: String, layer: Int) {
        if let old = files.removeValue(forKey: path) {
            for reference in Set(old.file.manifests.map(\.object.reference)) {
                holders[reference]?.removeAll { $0.path == path }
                touched.insert(reference)
            }
            touched.formUnion(old.file.unread)
        }
        guard !file.manifests.isEmpty || !file.diagnostics.isEmpty else { return }
        files[path] = (layer, file)
        for reference in Set(file.manifests.map(\.object.reference)) {
            holders[reference, default: []].append(Holder(layer: layer, path: path))
            touched.insert(reference)
        }
        touched.formUnion(file.unread)
    }

    /// Each object that a layer has twice, at every place but the first.
    var repetitions: [ManifestDiagnostic] {
        repeated.isEmpty ? [] : repeated.sorted { $0.key < $1.key }.flatMap(\.value)
    }

    /// Makes the objects what the files say.
    ///
    /// - Returns: what is different now, removals first.
    mutating func settle() -> [MeshModel.Change] {
        guard !touched.isEmpty else { return [] }
        let unread = Set(files.values.lazy.flatMap(\.file.unread))
        var removals: [MeshModel.Change] = []
        var upserts: [MeshModel.Change] = []
        for reference in touched.sorted() {
            let places = holders[reference]?.sorted() ?? []
            holders[reference] = places.isEmpty ? nil : places
            repeated[reference] = repetitions(of: reference, at: places)
            let manifest = places.first.flatMap { manifests(of: reference, in: $0.path).first }
            if let manifest {
                if objects[reference]?.object != manifest.object { upserts.append(.upsert(manifest.object)) }
                objects[reference] = manifest
            } else if !unread.contains(reference), objects.removeValue(forKey: reference) != nil {
                // One that has moved to another file, and cannot be read there, stays as it was.
                removals.append(.remove(reference))
            }
        }
        touched = []
        return removals + upserts
    }

    private func manifests(of reference: ObjectReference, in path: String) -> [Manifest] {
        (files[path]?.file.manifests ?? []).filter { $0.object.reference == reference }
    }

    private func repetitions(of reference: ObjectReference, at places: [Holder]) -> [ManifestDiagnostic]? {
        var diagnostics: [ManifestDiagnostic] = []
        var (first, layer): (Manifest?, Int?) = (nil, nil)
        for place in places {
            if place.layer != layer { (first, layer) = (nil, place.layer) }
            for manifest in manifests(of: reference, in: place.path) {
                guard let original = first else {
                    first = manifest
                    continue
                }
                diagnostics.append(manifest.repetition(of: original))
            }
        }
        return diagnostics.isEmpty ? nil : diagnostics
    }
}

extension Manifest {
    fileprivate func repetition(of first: Manifest) -> ManifestDiagnostic {
        diagnostic(
            .error, field: "metadata.name",
            problem: "expected each object once, found \(object.reference) again, as in \(first.file):"
                + "\(first.document.line(at: "metadata.name"))")
    }

    /// The same, which knows only the line where it begins.
    var withoutDocument: Manifest {
        Manifest(
            object: object, file: file, document: YAMLNode(.scalar(YAMLScalar(text: "", style: .plain)), line: line))
    }
}
