/// One endpoint of the mesh: a pod, or whatever stands in for one. The fields are those of `istio.workload.Workload`.
package struct Workload: Hashable, Sendable {
    /// How its node takes connections for it.
    package enum TunnelProtocol: String, Hashable, Sendable { case tcp = "TCP", hbone = "HBONE" }
    package enum Status: String, Hashable, Sendable { case healthy = "Healthy", unhealthy = "Unhealthy" }
    package enum Kind: String, Hashable, Sendable { case deployment, cronjob, pod, job }
    package enum NetworkMode: String, Hashable, Sendable { case standard = "Standard", hostNetwork = "HostNetwork" }

    /// Globally unique; the key of the resource.
    package var uid: String
    package var name: String
    package var namespace: String
    package var serviceAccount = "default"
    package var trustDomain = "cluster.local"
    package var addresses: [IPAddress] = []
    package var hostname = ""
    package var network = ""
    package var tunnelProtocol = TunnelProtocol.tcp
    package var networkMode = NetworkMode.standard
    package var nativeTunnel = false
    package var applicationTunnel: ApplicationTunnel?
    package var waypoint: GatewayAddress?
    package var networkGateway: GatewayAddress?
    package var node = ""
    /// What owns the pod: the Deployment's name, and so on. For telemetry.
    package var workloadName = ""
    package var workloadType = Kind.pod
    package var canonicalName = ""
    package var canonicalRevision = ""
    package var clusterID = "Kubernetes"
    package var locality = Locality()
    package var status = Status.healthy
    /// Weight in load balancing.
    package var capacity: UInt32 = 1
    /// The services it is an endpoint of, each with its map from service port to this workload's port.
    package var services: [NamespacedName: [UInt16: UInt16]] = [:]
    /// The workload-selector policies that apply to it. One that is not known denies (DESIGN §5.4).
    package var authorizationPolicies: [NamespacedName] = []

    package init(uid: String, name: String, namespace: String) {
        self.uid = uid
        self.name = name
        self.namespace = namespace
    }

    package var identity: SPIFFEIdentity {
        SPIFFEIdentity(trustDomain: trustDomain, namespace: namespace, serviceAccount: serviceAccount)
    }
}

/// Where a workload runs, from wide to narrow; empty where unknown.
package struct Locality: Hashable, Sendable {
    package var region = ""
    package var zone = ""
    package var subzone = ""

    package init(region: String = "", zone: String = "", subzone: String = "") {
        self.region = region
        self.zone = zone
        self.subzone = subzone
    }
}

/// The protocol of the last hop to an application that is a proxy itself.
package struct ApplicationTunnel: Hashable, Sendable {
    package enum TunnelProtocol: String, Hashable, Sendable { case none = "NONE", proxy = "PROXY" }
    package var tunnelProtocol: TunnelProtocol
    /// 0 when the destination's own port is kept.
    package var port: UInt16

    package init(tunnelProtocol: TunnelProtocol, port: UInt16) {
        self.tunnelProtocol = tunnelProtocol
        self.port = port
    }
}

/// Where a waypoint or a network's gateway is.
package struct GatewayAddress: Hashable, Sendable {
    package enum Destination: Hashable, Sendable {
        case address(NetworkAddress)
        case hostname(NamespacedName)
    }
    package var destination: Destination
    package var hbonePort: UInt16

    package init(destination: Destination, hbonePort: UInt16 = 15008) {
        self.destination = destination
        self.hbonePort = hbonePort
    }
}
