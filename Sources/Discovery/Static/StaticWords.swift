import Mesh

/// The words of each enumeration in the static form.
enum StaticWords {
    static let tunnelProtocols: [(String, Workload.TunnelProtocol)] = [("HBONE", .hbone), ("TCP", .tcp)]
    static let networkModes: [(String, Workload.NetworkMode)] = [
        ("Standard", .standard), ("HostNetwork", .hostNetwork),
    ]
    static let statuses: [(String, Workload.Status)] = [("Healthy", .healthy), ("Unhealthy", .unhealthy)]
    static let workloadKinds: [(String, Workload.Kind)] = [
        ("deployment", .deployment), ("cronjob", .cronjob), ("pod", .pod), ("job", .job),
    ]
    static let applicationProtocols: [(String, ApplicationTunnel.TunnelProtocol)] = [
        ("NONE", .none), ("PROXY", .proxy),
    ]
    static let appProtocols: [(String, Service.AppProtocol)] = [
        ("unknown", .unknown), ("http11", .http11), ("http2", .http2), ("grpc", .grpc), ("tcp", .tcp), ("tls", .tls),
    ]
    static let ipFamilies: [(String, Service.IPFamilies)] = [
        ("Automatic", .automatic), ("IPv4", .ipv4Only), ("IPv6", .ipv6Only), ("Dual", .dual),
    ]
    static let visibilities: [(String, Service.Visibility)] = [("Public", .everywhere), ("Namespace", .namespace)]
    static let scopes: [(String, LoadBalancing.Scope)] = [
        ("Region", .region), ("Zone", .zone), ("Subzone", .subzone), ("Node", .node), ("Cluster", .cluster),
        ("Network", .network),
    ]
    static let modes: [(String, LoadBalancing.Mode)] = [
        ("Standard", .standard), ("Strict", .strict), ("Failover", .failover), ("Passthrough", .passthrough),
    ]
    static let healthPolicies: [(String, LoadBalancing.HealthPolicy)] = [
        ("OnlyHealthy", .onlyHealthy), ("AllowAll", .allowAll),
    ]
    static let policyScopes: [(String, AuthorizationPolicy.Scope)] = [
        ("Global", .global), ("Namespace", .namespace), ("WorkloadSelector", .workloadSelector),
    ]
    static let policyActions: [(String, AuthorizationPolicy.Action)] = [("Allow", .allow), ("Deny", .deny)]
}
