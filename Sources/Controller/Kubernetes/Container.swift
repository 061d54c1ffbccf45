extension Kubernetes {
    package struct Container: Hashable, Sendable {
        package var name: String
        package var image = ""
        package var command: [String] = []
        package var args: [String] = []
        package var workingDir = ""
        package var env: [EnvironmentVariable] = []
        package var ports: [ContainerPort] = []
        package var volumeMounts: [VolumeMount] = []
        package var readinessProbe: Probe?
        /// Of an init container: it keeps running beside the others.
        package var restartsAlways = false

        package init(name: String) { self.name = name }
    }

    package struct EnvironmentVariable: Hashable, Sendable {
        package enum Value: Hashable, Sendable {
            case text(String)
            /// A field of the pod itself, such as `status.podIP` or `metadata.name`.
            case field(path: String)
            /// From a ConfigMap, a Secret or the like.
            case elsewhere
        }

        package var name: String
        package var value: Value

        package init(name: String, value: Value) {
            self.name = name
            self.value = value
        }
    }

    package enum TransportProtocol: String, Hashable, Sendable, CaseIterable {
        case tcp = "TCP", udp = "UDP", sctp = "SCTP"
    }

    package struct ContainerPort: Hashable, Sendable {
        package var name = ""
        package var containerPort: UInt16
        package var transport = TransportProtocol.tcp

        package init(containerPort: UInt16) { self.containerPort = containerPort }
    }

    /// A port by its number, or by the name that a container gives it.
    package enum PortReference: Hashable, Sendable {
        case number(UInt16)
        case name(String)
    }

    /// How to find out whether a container is ready.
    package struct Probe: Hashable, Sendable {
        package enum Action: Hashable, Sendable {
            case httpGet(path: String, port: PortReference, isTLS: Bool)
            case tcpSocket(port: PortReference)
            case exec(command: [String])
            case grpc(port: UInt16, service: String)
        }

        package var action: Action
        package var initialDelaySeconds = 0
        package var periodSeconds = 10
        package var timeoutSeconds = 1
        package var successThreshold = 1
        package var failureThreshold = 3

        package init(action: Action) { self.action = action }
    }
}
