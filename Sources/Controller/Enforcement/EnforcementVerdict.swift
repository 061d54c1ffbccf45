/// Where an object's current content is in force, and where it is not and why.
package struct EnforcementVerdict: Hashable, Sendable {
    /// Why a proxy does not count as enforcing.
    package enum Lag: Hashable, Sendable {
        /// It has not acknowledged yet.
        case behind
        /// It refuses a resource made of the object.
        case rejected(ResourceReference, reason: String)
        case disconnected(since: Kubernetes.Timestamp)
        /// Its acknowledgement says only that it has received it.
        case foreign
        /// A node with workloads that the object governs has no proxy that is known.
        case absent
    }

    package struct Laggard: Hashable, Sendable {
        /// Of the proxy; the node's where there is none.
        package let name: String
        package let node: String
        package let lag: Lag

        package init(name: String, node: String, lag: Lag) {
            self.name = name
            self.node = node
            self.lag = lag
        }
    }

    /// Why an object is in force nowhere, whatever proxies say.
    package struct Obstacle: Hashable, Sendable {
        /// A word for programs.
        package let reason: String
        package let message: String

        package init(reason: String, message: String) {
            self.reason = reason
            self.message = message
        }
    }

    package var version: ContentVersion
    package var obstacle: Obstacle?
    /// How many proxies the object governs.
    package var total: Int
    package var enforcing: Int
    /// How many foreign ones have acknowledged it.
    package var acknowledging: Int
    /// All others, those first that say most: rejections, then who is away, then who is behind.
    package var laggards: [Laggard]

    /// Of an object that nobody is known to hold.
    package init(version: ContentVersion) {
        self.version = version
        total = 0
        enforcing = 0
        acknowledging = 0
        laggards = []
    }

    package var isEnforced: Bool { obstacle == nil && enforcing == total }
}

extension EnforcementVerdict.Lag: CustomStringConvertible {
    package var description: String {
        switch self {
        case .behind: "has not acknowledged it yet"
        case .rejected(let resource, let reason): "rejects \(resource): \(reason)"
        case .disconnected(let time): "is disconnected since \(time)"
        case .foreign: "is not Slipstream's: what it acknowledges it has received"
        case .absent: "has no proxy that is known"
        }
    }
}
