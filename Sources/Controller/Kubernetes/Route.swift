package import Discovery

extension Kubernetes {
    /// `HTTPRoute` or `GRPCRoute` of `gateway.networking.k8s.io/v1`: who its parents and backends are. What it does with requests
    /// is carried along as written.
    package struct Route: Hashable, Sendable {
        package enum Form: Hashable, Sendable { case http, grpc }

        package struct Parent: Hashable, Sendable {
            package var group = "gateway.networking.k8s.io"
            package var kind = "Gateway"
            /// Empty for the route's own.
            package var namespace = ""
            package var name: String
            package var sectionName: String?
            package var port: UInt16?

            package init(name: String) { self.name = name }
        }

        /// Where a rule sends requests, or copies of them.
        package struct Backend: Hashable, Sendable {
            package var group = ""
            package var kind = "Service"
            /// Empty for the route's own.
            package var namespace = ""
            package var name: String
            package var port: UInt16?
            /// Within the object, such as `spec.rules[0].backendRefs[1]`.
            package var field: String

            package init(name: String, field: String) {
                self.name = name
                self.field = field
            }
        }

        package var metadata: ObjectMeta
        package let form: Form
        package private(set) var parents: [Parent] = []
        package private(set) var hostnames: [String] = []
        package private(set) var backends: [Backend] = []
        /// All of it, equal for routes that mean the same.
        package let spec: YAMLNode

        init(
            metadata: ObjectMeta, form: Form, parents: [Parent], hostnames: [String], backends: [Backend],
            spec: YAMLNode
        ) {
            self.metadata = metadata
            self.form = form
            self.parents = parents
            self.hostnames = hostnames
            self.backends = backends
            self.spec = spec
        }
    }

    /// `security.istio.io/v1 RequestAuthentication`: whose tokens a waypoint takes. The rules are carried along as written.
    package struct RequestAuthentication: Hashable, Sendable {
        package var metadata: ObjectMeta
        package let selector: [String: String]?
        package let targets: [AuthorizationPolicy.TargetReference]
        /// All of it, equal for those that mean the same.
        package let spec: YAMLNode

        init(
            metadata: ObjectMeta, selector: [String: String]?, targets: [AuthorizationPolicy.TargetReference],
            spec: YAMLNode
        ) {
            self.metadata = metadata
            self.selector = selector
            self.targets = targets
            self.spec = spec
        }
    }
}
