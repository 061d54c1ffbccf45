import Controller
import Foundation

/// The user's manifests, looked at again and again.
struct ManifestWatch {
    /// What a file looked like; when it looks the same it is taken to be the same.
    private struct Trace: Hashable {
        var modified: Date?
        var size: UInt64?
        var number: UInt64?
    }

    let directory: String
    private let nodes: Set<String>
    private var source: ManifestSource
    private var traces: [String: Trace]?

    init(directory: String, nodes: Set<String>) {
        self.directory = directory
        self.nodes = nodes
        source = ManifestSource(directories: [directory])
    }

    /// What the directory holds, if it has changed since it was last asked for.
    mutating func changes() -> ManifestReading? {
        let now = look()
        guard now != traces else { return nil }
        traces = now
        var reading = source.read()
        reading.diagnostics += reading.objects.sorted { $0.key < $1.key }.flatMap { faults(of: $0.value) }
        let translation = Translation(of: reading.model, settings: World.mesh)
        reading.diagnostics += translation.diagnostics.map(reading.place)
        return reading
    }

    private func look() -> [String: Trace] {
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
