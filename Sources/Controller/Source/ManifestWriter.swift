import Discovery
package import Foundation

/// Writes objects as manifests that `ManifestReader` reads back as the same objects.
package enum ManifestWriter {
    /// YAML, a document for each object, in this order.
    package static func text(of objects: [KubernetesObject]) -> String {
        YAMLEmitter.text(ofDocuments: objects.map(\.yaml))
    }

    /// Puts the objects into a file in one step: a reader finds the old text or the new one, whole.
    package static func write(_ objects: [KubernetesObject], to path: String) throws(CocoaError) {
        do {
            try Data(text(of: objects).utf8).write(to: URL(filePath: path), options: .atomic)
        } catch let error as CocoaError {
            throw error
        } catch {
            throw CocoaError(.fileWriteUnknown)
        }
    }
}
