package import Mesh

extension Kubernetes {
    package struct Pod: Hashable, Sendable {
        package enum Phase: String, Hashable, Sendable, CaseIterable {
            case pending = "Pending"
            case running = "Running"
            case succeeded = "Succeeded"
            case failed = "Failed"
            case unknown = "Unknown"
        }

        package struct Status: Hashable, Sendable {
            package var phase = Phase.pending
            /// `podIP` first, then the others of `podIPs`.
            package var podIPs: [IPAddress] = []
            /// The condition `Ready`.
            package var isReady = false

            package init() {}
        }

        package var metadata: ObjectMeta
        package var spec: PodSpec
        package var status = Status()

        package init(metadata: ObjectMeta, spec: PodSpec) {
            self.metadata = metadata
            self.spec = spec
        }
    }

    package struct PodSpec: Hashable, Sendable {
        package var containers: [Container]
        package var initContainers: [Container] = []
        package var serviceAccountName = "default"
        /// Empty until it is scheduled.
        package var nodeName = ""
        package var hostNetwork = false
        package var terminationGracePeriodSeconds = 30
        package var nodeSelector: [String: String] = [:]
        package var tokenVolumes: [TokenVolume] = []

        package init(containers: [Container]) { self.containers = containers }
    }

    /// What a Deployment makes its pods from.
    package struct PodTemplate: Hashable, Sendable {
        package var metadata: ObjectMeta
        package var spec: PodSpec

        package init(metadata: ObjectMeta, spec: PodSpec) {
            self.metadata = metadata
            self.spec = spec
        }
    }
}
