/// A policy that lets only waypoints reach a port of a workload: what a control plane makes where connections must not go around
/// them. Its name says so, that sources may know of it before it is in force.
package struct WaypointGuard: Hashable, Sendable {
    /// The service accounts of the waypoints.
    package let accounts: Set<NamespacedName>
    /// The application's.
    package let port: UInt16
    /// Whether it refuses; one that is only announced tells sources to go through the waypoint.
    package let isInForce: Bool

    /// No object's name has an underscore.
    private static let inForcePrefix = "slipstream_only_through_"
    private static let announcedPrefix = "slipstream_soon_only_through_"

    package init(accounts: Set<NamespacedName>, port: UInt16, isInForce: Bool) {
        self.accounts = accounts
        self.port = port
        self.isInForce = isInForce
    }

    /// The same for the same waypoints and port, so that many workloads share one.
    package var name: String {
        let names = accounts.map { "\($0.namespace)_\($0.name)" }.sorted().joined(separator: "_or_")
        return "\(isInForce ? Self.inForcePrefix : Self.announcedPrefix)\(names)_\(port)"
    }

    package func policy(in namespace: String, trustDomain: String) -> AuthorizationPolicy {
        var match = AuthorizationPolicy.Match()
        match.destinationPorts = [port]
        match.notPrincipals = accounts.map { "\(trustDomain)/ns/\($0.namespace)/sa/\($0.name)" }.sorted()
            .map { .exact($0) }
        var policy = AuthorizationPolicy(
            name: name, namespace: namespace, scope: .workloadSelector, action: .deny,
            rules: [.init(clauses: [.init(matches: [match])])])
        policy.isDryRun = !isInForce
        return policy
    }

    /// Whether a policy of this name guards, or soon will, a port.
    package static func isGuard(_ policyName: String, of port: UInt16) -> Bool {
        guard policyName.hasPrefix(inForcePrefix) || policyName.hasPrefix(announcedPrefix),
            let separator = policyName.lastIndex(of: "_")
        else { return false }
        return UInt16(policyName[policyName.index(after: separator)...]) == port
    }
}

extension Workload {
    /// Whether those who dial the workload itself on this port are to go through the waypoint of one of its services.
    package func isGuarded(_ port: UInt16) -> Bool {
        authorizationPolicies.contains { WaypointGuard.isGuard($0.name, of: port) }
    }
}
