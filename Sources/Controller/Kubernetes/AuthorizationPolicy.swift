extension Kubernetes {
    /// `security.istio.io/v1 AuthorizationPolicy`, as written: nothing is dropped or interpreted yet.
    package struct AuthorizationPolicy: Hashable, Sendable {
        package enum Action: String, Hashable, Sendable, CaseIterable {
            case allow = "ALLOW"
            case deny = "DENY"
            case audit = "AUDIT"
            case custom = "CUSTOM"
        }

        /// A waypoint's Gateway, a Service or the like that the policy is attached to.
        package struct TargetReference: Hashable, Sendable {
            package var group: String
            package var kind: String
            package var name: String
            package var namespace: String

            package init(group: String, kind: String, name: String, namespace: String) {
                self.group = group
                self.kind = kind
                self.name = name
                self.namespace = namespace
            }
        }

        /// One source, one operation and every condition must hold, of those lists that are not empty.
        package struct Rule: Hashable, Sendable {
            package var from: [Source] = []
            package var to: [Operation] = []
            package var when: [Condition] = []

            package init() {}
        }

        package struct Source: Hashable, Sendable {
            package var principals: [String] = []
            package var notPrincipals: [String] = []
            package var requestPrincipals: [String] = []
            package var notRequestPrincipals: [String] = []
            package var namespaces: [String] = []
            package var notNamespaces: [String] = []
            package var serviceAccounts: [String] = []
            package var notServiceAccounts: [String] = []
            package var ipBlocks: [String] = []
            package var notIpBlocks: [String] = []
            package var remoteIpBlocks: [String] = []
            package var notRemoteIpBlocks: [String] = []
            package var trustDomains: [String] = []
            package var notTrustDomains: [String] = []

            package init() {}
        }

        package struct Operation: Hashable, Sendable {
            package var hosts: [String] = []
            package var notHosts: [String] = []
            package var ports: [String] = []
            package var notPorts: [String] = []
            package var methods: [String] = []
            package var notMethods: [String] = []
            package var paths: [String] = []
            package var notPaths: [String] = []

            package init() {}
        }

        package struct Condition: Hashable, Sendable {
            package var key: String
            package var values: [String] = []
            package var notValues: [String] = []

            package init(key: String) { self.key = key }
        }

        package var metadata: ObjectMeta
        /// Nil when the policy is for its whole namespace.
        package var selector: [String: String]?
        package var targets: [TargetReference] = []
        package var action = Action.allow
        /// None: nothing matches.
        package var rules: [Rule] = []
        /// Who decides, of action `CUSTOM`.
        package var provider = ""

        package init(metadata: ObjectMeta) { self.metadata = metadata }
    }
}
