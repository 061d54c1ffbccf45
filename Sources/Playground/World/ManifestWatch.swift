import Controller
import Foundation

/// The user's manifests, and those of what the controller has made, looked at again and again.
///
/// An object that cannot be read stays what it was, as it does for the controller; so does one that this world cannot run,
/// or that refers to what is not there.
struct ManifestWatch {
    /// What a file looked like; when it looks the same it is taken to be the same.
    private struct Trace: Hashable {
        var modified: Date?
        var size: UInt64?
        var number: UInt64?
    }

    /// What there is, after something changed.
    struct Look {
        /// Of those that cannot be taken as they are, what they were before.
        var objects: [KubernetesObject]
        /// Those of them that the controller has made.
        var made: Set<ObjectReference> = []
        var diagnostics: [ManifestDiagnostic]
        /// Whether the user changed something, and not only the controller.
        var isByUser: Bool

        var isSound: Bool { !diagnostics.contains { $0.severity == .error } }
    }

    private let directories: [String]
    /// Where the controller puts what it makes.
    private let madeObjects: String
    private let nodes: Set<String>
    private var source: ManifestSource
    private var traces: [[String: Trace]] = []
    private var last: [ObjectReference: KubernetesObject] = [:]

    /// - Parameter directories: the user's, as layers.
    init(directories: [String], madeObjects: String, nodes: Set<String>) {
        self.directories = directories
        self.madeObjects = madeObjects
        self.nodes = nodes
        source = ManifestSource(
            directories: directories + [madeObjects], rootNamespace: World.mesh.rootNamespace,
            takesSoundDocuments: true)
    }

    /// What the directories hold, if one of them has changed since they were last asked for.
    mutating func changes() -> Look? {
        let now = (directories + [madeObjects]).map(look(at:))
        guard now != traces else { return nil }
        let isByUser = now.dropLast() != traces.dropLast()
        traces = now
        return take(source.read(), isByUser: isByUser)
    }

    private mutating func take(_ reading: ManifestReading, isByUser: Bool) -> Look {
        var look = Look(objects: [], diagnostics: reading.diagnostics, isByUser: isByUser)
        var taken: [ObjectReference: KubernetesObject] = [:]
        for (reference, manifest) in reading.objects.sorted(by: { $0.key < $1.key }) {
            let faults = faults(of: manifest)
            look.diagnostics += faults
            if manifest.file.hasPrefix(madeObjects + "/") { look.made.insert(reference) }
            let isTaken = faults.isEmpty && !reading.unresolved.contains(reference)
            taken[reference] = isTaken ? manifest.object : last[reference]
        }
        last = taken
        look.objects = taken.values.sorted { $0.reference < $1.reference }
        let translation = Translation(of: reading.model, settings: World.mesh)
        look.diagnostics += translation.diagnostics.map(reading.place)
        return look
    }

    private func look(at directory: String) -> [String: Trace] {
        let files = FileManager.default
        let names = (try? files.contentsOfDirectory(atPath: directory)) ?? []
        var traces: [String: Trace] = [:]
        for name in names where [".yaml", ".yml", ".json"].contains(where: name.hasSuffix) {
            let path = URL(filePath: "\(directory)/\(name)").resolvingSymlinksInPath().path
            let attributes = try? files.attributesOfItem(atPath: path)
            traces[name] = Trace(
                modified: attributes?[.modificationDate] as? Date, size: attributes?[.size] as? UInt64,
                number: attributes?[.systemFileNumber] as? UInt64)
        }
        return traces
    }

    // MARK: What only this world asks of pods

    private func faults(of manifest: Manifest) -> [ManifestDiagnostic] {
        switch manifest.object {
        case .pod(let pod): faults(of: pod.spec, at: "spec", manifest)
        case .deployment(let deployment): faults(of: deployment.template.spec, at: "spec.template.spec", manifest)
        default: []
        }
    }

    private func faults(of spec: Kubernetes.PodSpec, at path: String, _ manifest: Manifest) -> [ManifestDiagnostic] {
        var faults: [ManifestDiagnostic] = []
        if !spec.nodeName.isEmpty, !nodes.contains(spec.nodeName) {
            faults.append(
                manifest.diagnostic(
                    .error, field: "\(path).nodeName",
                    problem: "expected one of \(nodes.sorted().joined(separator: ", ")), found \"\(spec.nodeName)\""))
        }
        for (index, container) in spec.containers.enumerated() where container.command.isEmpty {
            faults.append(
                manifest.diagnostic(
                    .error, field: "\(path).containers[\(index)].command",
                    problem: "expected a command of this machine, since the playground runs no images, found nothing"))
        }
        return faults
    }
}
