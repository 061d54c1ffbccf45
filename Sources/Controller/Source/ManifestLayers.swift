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
            if let manifest = manifest(of: reference, at: places) {
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

    /// That of the latest layer. A Namespace adds to what earlier ones say.
    private func manifest(of reference: ObjectReference, at places: [Holder]) -> Manifest? {
        guard reference.kind == .namespace else {
            return places.first.flatMap { manifests(of: reference, in: $0.path).first }
        }
        var (found, layer): (Manifest?, Int?) = (nil, nil)
        for place in places where place.layer != layer {
            guard let manifest = manifests(of: reference, in: place.path).first else { continue }
            found = found?.laid(over: manifest) ?? manifest
            layer = place.layer
        }
        return found
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
    /// A Namespace in a layer above another one: the labels and annotations of both.
    fileprivate func laid(over lower: Manifest) -> Manifest {
        guard case .namespace(let upper) = object, case .namespace(var namespace) = lower.object else { return self }
        namespace.metadata.labels.merge(upper.metadata.labels) { $1 }
        namespace.metadata.annotations.merge(upper.metadata.annotations) { $1 }
        return Manifest(object: .namespace(namespace), file: lower.file, document: lower.document)
    }

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
