/// Labels and annotations that mean something to the mesh, by their published names.
package enum MeshLabel {
    package static let dataplaneMode = "istio.io/dataplane-mode"
    package static let useWaypoint = "istio.io/use-waypoint"
    package static let useWaypointNamespace = "istio.io/use-waypoint-namespace"
    package static let useCanary = "istio.io/use-waypoint-canary"
    package static let useCanaryNamespace = "istio.io/use-waypoint-canary-namespace"
    package static let waypointFor = "istio.io/waypoint-for"
    /// On what a controller made for a Gateway: which controller.
    package static let managed = "gateway.istio.io/managed"
    package static let gatewayName = "gateway.networking.k8s.io/gateway-name"
    package static let gatewayClassName = "gateway.networking.k8s.io/gateway-class-name"
    package static let tunnel = "networking.istio.io/tunnel"
    package static let autoAllocate = "networking.istio.io/enable-autoallocate-ip"
    package static let network = "topology.istio.io/network"
    package static let subzone = "topology.istio.io/subzone"
    package static let region = "topology.kubernetes.io/region"
    package static let zone = "topology.kubernetes.io/zone"
    package static let workloadName = "service.istio.io/workload-name"
    package static let podTemplateHash = "pod-template-hash"
    /// The first that a pod has counts.
    package static let canonicalNames = ["service.istio.io/canonical-name", "app.kubernetes.io/name", "app"]
    package static let canonicalRevisions = [
        "service.istio.io/canonical-revision", "app.kubernetes.io/version", "version",
    ]

    /// Whether a label says something to the mesh besides being selected by.
    static func isRead(_ key: String) -> Bool { prefixes.contains { key.hasPrefix($0) } }

    private static let prefixes = [
        "istio.io/", "networking.istio.io/", "topology.istio.io/", "topology.kubernetes.io/", "service.istio.io/",
        "security.istio.io/", "gateway.istio.io/", "gateway.networking.k8s.io/", "slipstream.io/",
    ]
}

package enum MeshAnnotation {
    /// Written by the node's agent: `enabled` once the pod is captured.
    package static let redirection = "ambient.istio.io/redirection"
    package static let bypassInboundCapture = "ambient.istio.io/bypass-inbound-capture"
    package static let sidecarStatus = "sidecar.istio.io/status"
    package static let trafficDistribution = "networking.istio.io/traffic-distribution"
    package static let canaryWeight = "istio.io/use-waypoint-canary-weight"
    package static let inboundBinding = "ambient.istio.io/waypoint-inbound-binding"
    package static let nameOverride = "gateway.istio.io/name-override"
    package static let gatewayServiceAccount = "gateway.istio.io/service-account"
    package static let dryRun = "istio.io/dry-run"

    static func isRead(_ key: String) -> Bool { prefixes.contains { key.hasPrefix($0) } }

    private static let prefixes = [
        "istio.io/", "ambient.istio.io/", "networking.istio.io/", "gateway.istio.io/", "slipstream.io/",
    ]
}
