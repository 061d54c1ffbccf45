/// A name and virtual addresses behind which workloads stand. The fields are those of `istio.workload.Service`.
package struct Service: Hashable, Sendable {
    package enum IPFamilies: String, Hashable, Sendable { case automatic, ipv4Only, ipv6Only, dual }
    package enum Visibility: String, Hashable, Sendable { case everywhere = "Public", namespace = "Namespace" }

    package struct Port: Hashable, Sendable {
        /// 0 when it is a name that each workload resolves for itself.
        package var target: UInt16
        package var appProtocol: AppProtocol

        package init(target: UInt16, appProtocol: AppProtocol = .unknown) {
            self.target = target
            self.appProtocol = appProtocol
        }
    }

    package enum AppProtocol: String, Hashable, Sendable { case unknown, http11, http2, grpc, tcp, tls }

    package var name: String
    package var namespace: String
    package var hostname: String
    package var addresses: [NetworkAddress] = []
    package var cidrAddresses: [IPPrefix] = []
    /// By service port.
    package var ports: [UInt16: Port] = [:]
    /// Identities that its endpoints may present besides their own.
    package var subjectAltNames: [String] = []
    /// Where what is meant for it goes first.
    package var waypoint: GatewayAddress?
    /// Shares of its connections, each to a waypoint of its own; where there are any, `waypoint` is what is left when
    /// none of them has weight.
    package var weightedWaypoints: [WeightedWaypoint] = []
    package var loadBalancing = LoadBalancing()
    package var ipFamilies = IPFamilies.automatic
    /// Preferred among services with the same hostname: a Kubernetes Service is.
    package var isCanonical = false
    package var visibility = Visibility.everywhere

    package init(name: String, namespace: String, hostname: String) {
        self.name = name
        self.namespace = namespace
        self.hostname = hostname
    }

    package var key: NamespacedName { NamespacedName(namespace: namespace, name: hostname) }
}

/// A waypoint, and its share of a service's connections.
package struct WeightedWaypoint: Hashable, Sendable {
    package var destination: GatewayAddress
    /// Out of the sum of all.
    package var weight: UInt32

    package init(destination: GatewayAddress, weight: UInt32) {
        self.destination = destination
        self.weight = weight
    }
}

/// Which endpoints of a service a client gets.
package struct LoadBalancing: Hashable, Sendable {
    package enum Scope: String, Hashable, Sendable { case region, zone, subzone, node, cluster, network }
    package enum Mode: String, Hashable, Sendable {
        case standard = "Standard", strict = "Strict", failover = "Failover", passthrough = "Passthrough"
    }
    package enum HealthPolicy: String, Hashable, Sendable { case onlyHealthy = "OnlyHealthy", allowAll = "AllowAll" }

    package var routingPreference: [Scope] = []
    package var mode = Mode.standard
    package var healthPolicy = HealthPolicy.onlyHealthy

    package init() {}
}
