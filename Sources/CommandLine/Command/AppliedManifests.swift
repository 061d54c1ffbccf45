import Controller
import Foundation
import Playground

/// The directory that commands write manifests to: a layer over the user's, whose files are never written.
struct AppliedManifests {
    let directory: String

    /// One file for each object.
    func write(_ object: KubernetesObject) throws(CommandFailure) {
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            try ManifestWriter.write([object], to: path(of: object.reference))
        } catch {
            throw CommandFailure("\(directory) cannot be written: \(Self.reason(error))")
        }
    }

    func has(_ reference: ObjectReference) -> Bool { FileManager.default.fileExists(atPath: path(of: reference)) }

    func remove(_ reference: ObjectReference) throws(CommandFailure) {
        do {
            try FileManager.default.removeItem(atPath: path(of: reference))
        } catch {
            throw CommandFailure("\(path(of: reference)) cannot be removed: \(Self.reason(error))")
        }
    }

    /// What a command has written; nil when it has not, or somebody has made something else of it.
    func object(_ reference: ObjectReference) -> KubernetesObject? {
        guard let text = try? String(contentsOfFile: path(of: reference), encoding: .utf8) else { return nil }
        return ManifestReader.read(text, file: "").manifests.map(\.object).first { $0.reference == reference }
    }

    private func path(of reference: ObjectReference) -> String {
        let parts = [reference.kind.rawValue, reference.namespace, reference.name].filter { !$0.isEmpty }
        return "\(directory)/\(parts.joined(separator: ".")).yaml"
    }

    private static func reason(_ error: any Error) -> String {
        (error as? CocoaError)?.code == .fileWriteNoPermission
            ? "it belongs to root; run this with sudo" : "\(error.localizedDescription)"
    }
}
