/// Kinds that are there and not read, in the groups from which some are.
enum KnownKinds {
    private static let unread: [String: Set<String>] = [
        "": [
            "Binding", "ComponentStatus", "ConfigMap", "Endpoints", "Event", "LimitRange", "PersistentVolume",
            "PersistentVolumeClaim", "PodTemplate", "ReplicationController", "ResourceQuota", "Secret",
        ],
        "apps": ["ControllerRevision", "DaemonSet", "ReplicaSet", "StatefulSet"],
        "discovery.k8s.io": [],
        "security.istio.io": [],
        "networking.istio.io": [
            "DestinationRule", "EnvoyFilter", "Gateway", "ProxyConfig", "Sidecar", "VirtualService", "WorkloadGroup",
        ],
        "gateway.networking.k8s.io": ["BackendTLSPolicy", "ListenerSet", "TCPRoute", "TLSRoute", "UDPRoute"],
        "slipstream.io": [],
    ]

    /// Of other groups, anything may.
    static func mayExist(_ kind: String, inGroup group: String) -> Bool {
        unread[group]?.contains(kind) ?? true
    }
}
