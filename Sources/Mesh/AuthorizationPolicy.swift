/// A policy about who may connect, as data. The fields are those of `istio.security.Authorization`; `decide` in
/// `AuthorizationDecision.swift` says what it means.
package struct AuthorizationPolicy: Hashable, Sendable {
    package enum Scope: String, Hashable, Sendable {
        case global = "Global", namespace = "Namespace", workloadSelector = "WorkloadSelector"
    }
    package enum Action: String, Hashable, Sendable { case allow = "Allow", deny = "Deny" }

    /// All of its clauses must hold.
    package struct Rule: Hashable, Sendable {
        package var clauses: [Clause]
        package init(clauses: [Clause]) { self.clauses = clauses }
    }

    /// One of its matches must hold.
    package struct Clause: Hashable, Sendable {
        package var matches: [Match]
        package init(matches: [Match]) { self.matches = matches }
    }

    package var name: String
    package var namespace: String
    package var scope: Scope
    package var action: Action
    /// One of them must hold; none never does.
    package var rules: [Rule]
    /// Told, not enforced.
    package var isDryRun = false

    package init(name: String, namespace: String, scope: Scope, action: Action, rules: [Rule]) {
        self.name = name
        self.namespace = namespace
        self.scope = scope
        self.action = action
        self.rules = rules
    }

    package var key: NamespacedName { NamespacedName(namespace: namespace, name: name) }
}

extension AuthorizationPolicy {
    /// Every field that is given must hold: one of a positive list, none of a negative one. All empty never holds.
    package struct Match: Hashable, Sendable {
        package var namespaces: [StringMatch] = []
        package var notNamespaces: [StringMatch] = []
        package var serviceAccounts: [NamespacedName] = []
        package var notServiceAccounts: [NamespacedName] = []
        package var principals: [StringMatch] = []
        package var notPrincipals: [StringMatch] = []
        package var sourceIPs: [IPPrefix] = []
        package var notSourceIPs: [IPPrefix] = []
        package var destinationIPs: [IPPrefix] = []
        package var notDestinationIPs: [IPPrefix] = []
        package var destinationPorts: [UInt16] = []
        package var notDestinationPorts: [UInt16] = []

        package init() {}
    }

    package enum StringMatch: Hashable, Sendable {
        case exact(String), prefix(String), suffix(String)
        /// Anything but the empty string.
        case presence
    }
}
