extension Kubernetes {
    /// `slipstream.io/v1alpha1 MeshConfig`: what holds for the whole mesh. The one called `default` in the root namespace counts.
    package struct MeshConfig: Hashable, Sendable {
        package static let countingName = "default"

        package enum AccessLogFormat: String, Hashable, Sendable, CaseIterable { case text, json }
        package enum PathNormalization: String, Hashable, Sendable, CaseIterable {
            case none, base, mergeSlashes, decodeAndMergeSlashes
        }
        package enum Visibility: String, Hashable, Sendable, CaseIterable {
            case everywhere = "Public"
            case namespace = "Namespace"
            case none = "None"
        }

        /// Who sees the ServiceEntries of some namespaces.
        package struct VisibilityRule: Hashable, Sendable {
            package var namespaces: LabelSelector
            package var visibility: Visibility

            package init(namespaces: LabelSelector, visibility: Visibility) {
                self.namespaces = namespaces
                self.visibility = visibility
            }
        }

        /// Who is asked about requests of policies with action `CUSTOM`.
        package struct Authorizer: Hashable, Sendable {
            package enum Form: String, Hashable, Sendable, CaseIterable { case http, grpc }
            package var name: String
            package var form: Form
            package var service: String
            package var port: UInt16
            package var failOpen = false

            package init(name: String, form: Form, service: String, port: UInt16) {
                self.name = name
                self.form = form
                self.service = service
                self.port = port
            }
        }

        package var metadata: ObjectMeta
        package var trustDomain: String?
        package var trustDomainAliases: [String] = []
        package var accessLogFormat: AccessLogFormat?
        /// Where traces and metrics go, as `host:port`.
        package var telemetryTarget: String?
        package var authorizers: [Authorizer] = []
        package var pathNormalization: PathNormalization?
        /// Whether what a waypoint that is away should have judged may pass without it.
        package var waypointsMayFailOpen = false
        /// Whether Gateways of class `istio-waypoint` are ours too.
        package var ownsIstioWaypoints = false
        /// The first that matches counts.
        package var serviceEntryVisibility: [VisibilityRule] = []

        package init(metadata: ObjectMeta) { self.metadata = metadata }
    }
}
