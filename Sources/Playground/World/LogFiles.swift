import Controller
import Foundation
import Reactor

/// The logs that nobody follows: programs write them for as long as the world lasts, so they are kept within bounds.
enum LogFiles {
    /// Empties those that have grown too long. Writers append, and go on at the start.
    static func trim(_ layout: Layout, nodes: [String]) {
        let files = FileManager.default
        let pods = (try? files.contentsOfDirectory(atPath: layout.podLogs)) ?? []
        let paths =
            pods.map { "\(layout.podLogs)/\($0)" } + nodes.map { layout.log(of: "node-agent", onNode: $0) }
            + [layout.controllerLog]
        for path in paths {
            let size = (try? files.attributesOfItem(atPath: path))?[.size] as? UInt64 ?? 0
            if size > LogTail.fileLimitBytes { try? Descriptor.open(appendingTo: path).truncate() }
        }
    }

    /// Takes away those of a pod that is gone.
    static func remove(of pod: RunningPod, _ layout: Layout) {
        for container in pod.pod.spec.initContainers + pod.pod.spec.containers {
            try? FileManager.default.removeItem(atPath: layout.log(ofContainer: container.name, pod: pod.key))
        }
    }
}
