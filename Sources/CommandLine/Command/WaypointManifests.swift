import Controller
import Playground

/// A waypoint as manifests. Pure.
struct WaypointManifests: Hashable {
    let name: String
    let namespace: String
    let traffic: Waypoints.Traffic
    /// Whether the namespace's Services and pods are bound to it.
    let enrolsNamespace: Bool

    var gateway: KubernetesObject {
        var metadata = Kubernetes.ObjectMeta(name: name, namespace: namespace)
        metadata.labels[MeshLabel.waypointFor] = traffic.rawValue
        var gateway = Kubernetes.Gateway(metadata: metadata, className: WaypointClass.slipstream)
        gateway.listeners = [.init(name: "mesh", port: Kubernetes.Gateway.hbonePort, protocolName: "HBONE")]
        return .gateway(gateway)
    }

    /// What is said of the namespace, besides what its own manifest says; nil when nothing is.
    var label: KubernetesObject? {
        guard enrolsNamespace else { return nil }
        var metadata = Kubernetes.ObjectMeta(name: namespace)
        metadata.labels[MeshLabel.useWaypoint] = name
        return .namespace(.init(metadata: metadata))
    }

    var objects: [KubernetesObject] { [gateway] + [label].compactMap { $0 } }

    /// - Throws: when the objects could not be read again.
    func check() throws(CommandFailure) {
        let reading = ManifestReader.read(ManifestWriter.text(of: objects), file: "waypoint")
        if let fault = reading.diagnostics.first { throw CommandFailure("\(fault.field): \(fault.problem)") }
    }
}
