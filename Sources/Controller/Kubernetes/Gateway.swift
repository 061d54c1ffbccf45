extension Kubernetes {
    /// `gateway.networking.k8s.io/v1 Gateway`, as far as a waypoint needs it.
    package struct Gateway: Hashable, Sendable {
        package enum AddressType: Hashable, Sendable {
            case ipAddress, hostname
            case other(String)

            package init(_ text: String) {
                switch text {
                case "IPAddress": self = .ipAddress
                case "Hostname": self = .hostname
                default: self = .other(text)
                }
            }

            package var text: String {
                switch self {
                case .ipAddress: "IPAddress"
                case .hostname: "Hostname"
                case .other(let text): text
                }
            }
        }

        package struct Address: Hashable, Sendable {
            package var type: AddressType
            package var value: String

            package init(type: AddressType, value: String) {
                self.type = type
                self.value = value
            }
        }

        /// Whose routes, and here whose services, a listener takes.
        package enum AllowedNamespaces: Hashable, Sendable {
            case all, same, none
            case selector(LabelSelector)
        }

        /// A kind of route.
        package struct RouteKind: Hashable, Sendable {
            package var group: String
            package var kind: String

            package init(group: String, kind: String) {
                self.group = group
                self.kind = kind
            }
        }

        package struct Listener: Hashable, Sendable {
            package var name: String
            package var port: UInt16
            /// `HBONE`, `HTTP` and so on.
            package var protocolName: String
            package var hostname = ""
            package var allowedNamespaces = AllowedNamespaces.same
            /// Empty when the protocol decides.
            package var kinds: [RouteKind] = []

            package init(name: String, port: UInt16, protocolName: String) {
                self.name = name
                self.port = port
                self.protocolName = protocolName
            }
        }

        package var metadata: ObjectMeta
        package var className: String
        package var listeners: [Listener] = []
        package var addresses: [Address] = []
        /// For the objects that are made for it; nil when the Gateway's own are to be taken.
        package var infrastructureLabels: [String: String]?
        package var infrastructureAnnotations: [String: String]?
        /// The name of a ConfigMap with overlays.
        package var parameters: String?
        /// Where it is reached, as its status tells.
        package var statusAddresses: [Address] = []

        package init(metadata: ObjectMeta, className: String) {
            self.metadata = metadata
            self.className = className
        }
    }

    /// `gateway.networking.k8s.io/v1 GatewayClass`.
    package struct GatewayClass: Hashable, Sendable {
        package var metadata: ObjectMeta
        package var controllerName: String

        package init(metadata: ObjectMeta, controllerName: String) {
            self.metadata = metadata
            self.controllerName = controllerName
        }
    }

    /// `gateway.networking.k8s.io/v1 ReferenceGrant`: who may refer into its namespace, and to what.
    package struct ReferenceGrant: Hashable, Sendable {
        package struct From: Hashable, Sendable {
            package var group: String
            package var kind: String
            package var namespace: String

            package init(group: String, kind: String, namespace: String) {
                self.group = group
                self.kind = kind
                self.namespace = namespace
            }
        }

        package struct To: Hashable, Sendable {
            package var group: String
            package var kind: String
            /// Empty for any.
            package var name: String

            package init(group: String, kind: String, name: String) {
                self.group = group
                self.kind = kind
                self.name = name
            }
        }

        package var metadata: ObjectMeta
        package var from: [From] = []
        package var to: [To] = []

        package init(metadata: ObjectMeta) { self.metadata = metadata }
    }
}
