/// What a node agent is told when it starts.
package struct AgentSettings: Hashable, Sendable {
    package var nodeName: String
    /// A directory with a file for each pod that is to be enrolled.
    package var podsPath: String
    /// A directory for the statuses of those pods.
    package var statusPath: String
    /// Where node proxies come to ask for pods.
    package var zdsSocketPath: String
    /// How long the captured connections of a pod that leaves may go on.
    package var drainDeadlineMilliseconds: UInt64 = 30_000
    /// How often the rules in the pods are compared with what they should be.
    package var inspectionIntervalMilliseconds: UInt64 = 10_000
    /// How long what failed rests before it is tried again.
    package var retryMilliseconds: UInt64 = 5_000
    /// Release all pods before exiting. Otherwise they stay captured, and the next agent finds them so.
    package var releasesOnExit = false

    package init(nodeName: String, podsPath: String, statusPath: String, zdsSocketPath: String) {
        self.nodeName = nodeName
        self.podsPath = podsPath
        self.statusPath = statusPath
        self.zdsSocketPath = zdsSocketPath
    }
}

/// Why an agent cannot start, for whoever started it.
package struct AgentStartError: Error, Hashable, CustomStringConvertible {
    package let description: String
}
