import Controller

/// What users write, and all that a controller makes of it.
extension FuzzEntry {
    static let manifests = FuzzEntry(pure: "manifests", inputLimitBytes: 32 * 1024) { bytes throws(FuzzFault) in
        let file = ManifestReader.read(text(bytes), file: "mesh.yaml")
        let objects = file.manifests.map(\.object)
        let printed = ManifestWriter.text(of: objects)
        guard ManifestReader.read(printed, file: "printed").manifests.map(\.object) == objects else {
            throw FuzzFault("not read again as it was printed:\n\(printed)")
        }
        var live = LiveTranslation()
        var order = WaypointOrder(settings: MeshSettings())
        let changes = live.apply(objects.map { .upsert($0) })
        guard live.translation == Translation(of: live.model) else {
            throw FuzzFault("a translation that was kept up is another than one made anew")
        }
        _ = order.take(changes, of: live)
        return file
    }
}
