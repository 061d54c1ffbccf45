package import Mesh

extension Kubernetes {
    /// Where something that is no pod is reached: the spec of a WorkloadEntry, and an endpoint of a ServiceEntry.
    package struct WorkloadEndpoint: Hashable, Sendable {
        package enum Address: Hashable, Sendable {
            /// Empty where the network says it all.
            case none
            case ip(IPAddress)
            case hostname(String)
            /// A path, which no other pod can reach.
            case socket(String)
        }

        package var address = Address.none
        /// Its own numbers, by the names of the service's ports.
        package var ports: [String: UInt16] = [:]
        package var labels: [String: String] = [:]
        package var network = ""
        /// `region/zone/subzone`.
        package var locality = ""
        package var weight: UInt32 = 0
        package var serviceAccount = ""

        package init() {}
    }

    /// `networking.istio.io/v1 WorkloadEntry`: a workload that is no pod, such as a virtual machine.
    package struct WorkloadEntry: Hashable, Sendable {
        package var metadata: ObjectMeta
        package var endpoint: WorkloadEndpoint

        package init(metadata: ObjectMeta, endpoint: WorkloadEndpoint) {
            self.metadata = metadata
            self.endpoint = endpoint
        }
    }

    /// `networking.istio.io/v1 ServiceEntry`: hosts that no Service stands for.
    package struct ServiceEntry: Hashable, Sendable {
        package enum Location: String, Hashable, Sendable, CaseIterable {
            case external = "MESH_EXTERNAL"
            case `internal` = "MESH_INTERNAL"
        }
        package enum Resolution: String, Hashable, Sendable, CaseIterable {
            case none = "NONE"
            case fixed = "STATIC"
            case dns = "DNS"
            case dnsRoundRobin = "DNS_ROUND_ROBIN"
            case dynamicDNS = "DYNAMIC_DNS"
        }

        package struct Port: Hashable, Sendable {
            package var name: String
            package var number: UInt16
            /// 0 when it is the same number.
            package var targetPort: UInt16 = 0
            /// `HTTP`, `TLS` and so on; empty when it does not say.
            package var protocolName = ""

            package init(name: String, number: UInt16) {
                self.name = name
                self.number = number
            }
        }

        /// An address that was allocated for a host, as the status tells.
        package struct AllocatedAddress: Hashable, Sendable {
            package var value: IPAddress
            /// Empty when it is for all.
            package var host: String

            package init(value: IPAddress, host: String) {
                self.value = value
                self.host = host
            }
        }

        package var metadata: ObjectMeta
        package var hosts: [String] = []
        package var addresses: [IPPrefix] = []
        package var ports: [Port] = []
        package var location = Location.external
        package var resolution = Resolution.none
        package var endpoints: [WorkloadEndpoint] = []
        /// Of the pods and WorkloadEntries that stand behind it.
        package var selector: [String: String]?
        package var subjectAltNames: [String] = []
        package var exportTo: [String] = []
        package var allocatedAddresses: [AllocatedAddress] = []

        package init(metadata: ObjectMeta) { self.metadata = metadata }
    }
}
