package import Mesh

/// A process that takes configuration, as its controller sees it. An old and a new process of one node are two.
package struct ProxyState: Hashable, Sendable {
    package struct ID: Hashable, Sendable, Comparable, CustomStringConvertible {
        /// The name of its pod, such as `slipstream-system/ztunnel-x7k`.
        package let name: String
        /// What tells it from other processes under that name; empty when it does not say.
        package let process: String

        package init(name: String, process: String) {
            self.name = name
            self.process = process
        }

        package var description: String { name }

        package static func < (one: ID, other: ID) -> Bool { (one.name, one.process) < (other.name, other.process) }
    }

    package enum Role: Hashable, Sendable {
        case ztunnel
        /// Of this Gateway.
        case waypoint(NamespacedName)
    }

    package enum Link: Hashable, Sendable {
        case connected
        /// It carries what it has until it exits, and takes nothing new.
        case draining(since: Kubernetes.Timestamp)
        case disconnected(since: Kubernetes.Timestamp)
    }

    package let id: ID
    package var role: Role
    /// Where it runs.
    package var node: String
    /// Whether its acknowledgement means that what it acknowledges is in force. Of others it means that it was received.
    package var isOurs: Bool
    /// As it says; empty for one that is not ours.
    package var version = ""
    package var link = Link.connected
    /// When its stream began, in milliseconds of the Unix epoch by this controller's clock.
    package var sessionStart: UInt64
    /// It has acknowledged every push with a change up to this one; what it does not subscribe to counts as acknowledged.
    package var acknowledged = WorldVersion.none
    /// What it does not take in, and why.
    package var rejections: [ResourceReference: String] = [:]
    /// The end of the last certificate that it was given; nil when it was given none here.
    package var certificateEnd: Kubernetes.Timestamp?

    package init(id: ID, role: Role, node: String, isOurs: Bool, sessionStart: UInt64) {
        self.id = id
        self.role = role
        self.node = node
        self.isOurs = isOurs
        self.sessionStart = sessionStart
    }
}
