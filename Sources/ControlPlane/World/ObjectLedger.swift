import Controller

/// With which change each object came to say what it says. Of kinds whose effect somebody may wait for.
struct ObjectLedger: Sendable {
    struct Entry: Hashable, Sendable {
        let content: ContentVersion
        let since: WorldVersion
    }

    private(set) var entries: [ObjectReference: Entry] = [:]

    mutating func apply(_ change: MeshModel.Change, at version: WorldVersion) {
        switch change {
        case .upsert(let object):
            guard Self.isKept(object.reference.kind) else { return }
            let content = ContentVersion(of: object)
            guard entries[object.reference]?.content != content else { return }
            entries[object.reference] = Entry(content: content, since: version)
        case .remove(let reference): entries[reference] = nil
        }
    }

    /// Pods change all the time, and are not what anybody writes to have it enforced.
    private static func isKept(_ kind: KubernetesObject.Kind) -> Bool { kind != .pod && kind != .endpointSlice }
}
