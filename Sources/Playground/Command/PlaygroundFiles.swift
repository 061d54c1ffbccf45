import Foundation
import Glibc
package import Mesh

/// Where a playground keeps what other commands need.
package enum PlaygroundFiles {
    /// Where its controller answers questions.
    package static var controllerSocket: String { Layout.standard.controllerSocket }

    /// Manifests that commands write, a layer over the user's own.
    package static var applied: String { Layout.standard.applied }
}

/// A proxy of the playground that runs, and where it can be asked about itself.
package struct PlaygroundProxy: Hashable, Sendable {
    /// That of a node, or `namespace/pod`.
    package let name: String
    /// The file of its network namespace, in which it answers on loopback.
    package let networkNamespace: String

    /// One for each node, in their order.
    package static func ofNodes() throws -> [PlaygroundProxy] {
        try StatusClient.require(.standard).nodes.map { node in
            PlaygroundProxy(name: node.name, networkNamespace: "\(Layout.namespaces)/\(node.namespace)")
        }
    }

    /// That in a pod; nil when there is no such pod.
    package static func inPod(_ pod: NamespacedName) throws -> PlaygroundProxy? {
        let pods = try StatusClient.require(.standard).pods
        return pods.first { $0.namespace == pod.namespace && $0.name == pod.name }.map { found in
            PlaygroundProxy(name: "\(pod)", networkNamespace: "\(Layout.namespaces)/\(found.networkNamespace)")
        }
    }
}
