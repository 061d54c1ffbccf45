package import Mesh

extension Kubernetes {
    package struct Service: Hashable, Sendable {
        package enum Kind: String, Hashable, Sendable, CaseIterable {
            case clusterIP = "ClusterIP"
            case nodePort = "NodePort"
            case loadBalancer = "LoadBalancer"
            case externalName = "ExternalName"
        }
        package enum IPFamily: String, Hashable, Sendable, CaseIterable { case v4 = "IPv4", v6 = "IPv6" }
        package enum TrafficDistribution: String, Hashable, Sendable, CaseIterable {
            case preferClose = "PreferClose"
            case preferSameZone = "PreferSameZone"
            case preferSameNode = "PreferSameNode"
        }

        package struct Port: Hashable, Sendable {
            package var name = ""
            package var port: UInt16
            package var targetPort: PortReference
            package var transport = TransportProtocol.tcp
            package var appProtocol = ""

            package init(port: UInt16, targetPort: PortReference? = nil) {
                self.port = port
                self.targetPort = targetPort ?? .number(port)
            }
        }

        package var metadata: ObjectMeta
        package var kind = Kind.clusterIP
        /// Its virtual IPs; empty when it is headless or has none yet.
        package var clusterIPs: [IPAddress] = []
        /// `clusterIP: None`: its name stands for its pods' own addresses.
        package var isHeadless = false
        /// Nil when its endpoints are told by EndpointSlices alone.
        package var selector: [String: String]?
        package var ports: [Port] = []
        package var publishesNotReadyAddresses = false
        package var ipFamilies: [IPFamily] = []
        package var trafficDistribution: TrafficDistribution?
        /// `internalTrafficPolicy: Local`.
        package var isNodeLocal = false

        package init(metadata: ObjectMeta) { self.metadata = metadata }
    }
}
