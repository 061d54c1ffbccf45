import Controller
import Foundation

/// What a cluster would know by itself, written down as manifests beside the user's own, which are never touched: the
/// nodes, the pods as they are, the services with their addresses, and their endpoints.
struct StateDirectory {
    private let path: String
    private var written: [String: String] = [:]

    init(path: String) {
        self.path = path
    }

    /// Writes what has changed, and says whether anything has.
    mutating func write(_ objects: [KubernetesObject]) throws -> Bool {
        // What others refer to comes first.
        let kinds: [KubernetesObject.Kind] = [.namespace, .serviceAccount, .node, .pod, .service, .endpointSlice]
        var hasChanged = false
        for kind in kinds {
            let own = objects.filter { $0.kind == kind }.sorted { $0.reference < $1.reference }
            let text = ManifestWriter.text(of: own)
            guard written[kind.rawValue] != text else { continue }
            try ManifestWriter.write(own, to: "\(path)/\(kind.rawValue.lowercased())s.yaml")
            written[kind.rawValue] = text
            hasChanged = true
        }
        return hasChanged
    }
}
