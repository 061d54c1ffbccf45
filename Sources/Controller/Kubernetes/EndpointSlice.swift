extension Kubernetes {
    /// Some of the endpoints of a Service.
    package struct EndpointSlice: Hashable, Sendable {
        package enum AddressType: String, Hashable, Sendable, CaseIterable {
            case v4 = "IPv4", v6 = "IPv6", fqdn = "FQDN"
        }

        package struct Endpoint: Hashable, Sendable {
            package var addresses: [String]
            /// Nil is as good as true.
            package var isReady: Bool?
            package var isServing: Bool?
            package var isTerminating: Bool?
            package var nodeName = ""
            /// The pod that it is, if it is one.
            package var podName: String?

            package init(addresses: [String]) { self.addresses = addresses }
        }

        package struct Port: Hashable, Sendable {
            package var name = ""
            /// Nil stands for all ports.
            package var port: UInt16?
            package var transport = TransportProtocol.tcp
            package var appProtocol = ""

            package init(port: UInt16?) { self.port = port }
        }

        package static let serviceNameLabel = "kubernetes.io/service-name"

        package var metadata: ObjectMeta
        package var addressType: AddressType
        package var endpoints: [Endpoint] = []
        package var ports: [Port] = []

        package init(metadata: ObjectMeta, addressType: AddressType) {
            self.metadata = metadata
            self.addressType = addressType
        }

        /// The Service that it belongs to, in its own namespace.
        package var serviceName: String? { metadata.labels[Self.serviceNameLabel] }
    }
}
