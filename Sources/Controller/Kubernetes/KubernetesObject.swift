/// The kinds of Kubernetes as they matter to a mesh: the fields that are read here and by the playground, under their own
/// names.
package enum Kubernetes {}

/// An object of a kind that the mesh reads.
package enum KubernetesObject: Hashable, Sendable {
    case namespace(Kubernetes.Namespace)
    case serviceAccount(Kubernetes.ServiceAccount)
    case pod(Kubernetes.Pod)
    case deployment(Kubernetes.Deployment)
    case service(Kubernetes.Service)
    case node(Kubernetes.Node)
    case endpointSlice(Kubernetes.EndpointSlice)
    case authorizationPolicy(Kubernetes.AuthorizationPolicy)
    case peerAuthentication(Kubernetes.PeerAuthentication)
    case requestAuthentication(Kubernetes.RequestAuthentication)
    case serviceEntry(Kubernetes.ServiceEntry)
    case workloadEntry(Kubernetes.WorkloadEntry)
    case gateway(Kubernetes.Gateway)
    case gatewayClass(Kubernetes.GatewayClass)
    case httpRoute(Kubernetes.Route)
    case grpcRoute(Kubernetes.Route)
    case referenceGrant(Kubernetes.ReferenceGrant)
    case meshConfig(Kubernetes.MeshConfig)

    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case namespace = "Namespace"
        case serviceAccount = "ServiceAccount"
        case pod = "Pod"
        case deployment = "Deployment"
        case service = "Service"
        case node = "Node"
        case endpointSlice = "EndpointSlice"
        case authorizationPolicy = "AuthorizationPolicy"
        case peerAuthentication = "PeerAuthentication"
        case requestAuthentication = "RequestAuthentication"
        case serviceEntry = "ServiceEntry"
        case workloadEntry = "WorkloadEntry"
        case gateway = "Gateway"
        case gatewayClass = "GatewayClass"
        case httpRoute = "HTTPRoute"
        case grpcRoute = "GRPCRoute"
        case referenceGrant = "ReferenceGrant"
        case meshConfig = "MeshConfig"

        package var isNamespaced: Bool { self != .namespace && self != .node && self != .gatewayClass }

        package var apiGroup: String {
            switch self {
            case .namespace, .serviceAccount, .pod, .service, .node: ""
            case .deployment: "apps"
            case .endpointSlice: "discovery.k8s.io"
            case .authorizationPolicy, .peerAuthentication, .requestAuthentication: "security.istio.io"
            case .serviceEntry, .workloadEntry: "networking.istio.io"
            case .gateway, .gatewayClass, .httpRoute, .grpcRoute, .referenceGrant: Kubernetes.gatewayGroup
            case .meshConfig: "slipstream.io"
            }
        }

        /// The versions that are read; the first is written.
        package var apiVersions: [String] {
            switch self {
            case .endpointSlice, .authorizationPolicy, .peerAuthentication, .requestAuthentication, .gateway,
                .gatewayClass, .httpRoute, .referenceGrant:
                ["v1", "v1beta1"]
            case .serviceEntry, .workloadEntry: ["v1", "v1beta1", "v1alpha3"]
            case .grpcRoute: ["v1", "v1alpha2"]
            case .meshConfig: ["v1alpha1"]
            default: ["v1"]
            }
        }

        /// `group/version`, or `version` in the core group.
        package var apiVersion: String { apiGroup.isEmpty ? apiVersions[0] : "\(apiGroup)/\(apiVersions[0])" }
    }

    package var kind: Kind {
        switch self {
        case .namespace: .namespace
        case .serviceAccount: .serviceAccount
        case .pod: .pod
        case .deployment: .deployment
        case .service: .service
        case .node: .node
        case .endpointSlice: .endpointSlice
        case .authorizationPolicy: .authorizationPolicy
        case .peerAuthentication: .peerAuthentication
        case .requestAuthentication: .requestAuthentication
        case .serviceEntry: .serviceEntry
        case .workloadEntry: .workloadEntry
        case .gateway: .gateway
        case .gatewayClass: .gatewayClass
        case .httpRoute: .httpRoute
        case .grpcRoute: .grpcRoute
        case .referenceGrant: .referenceGrant
        case .meshConfig: .meshConfig
        }
    }

    package var metadata: Kubernetes.ObjectMeta {
        switch self {
        case .namespace(let object): object.metadata
        case .serviceAccount(let object): object.metadata
        case .pod(let object): object.metadata
        case .deployment(let object): object.metadata
        case .service(let object): object.metadata
        case .node(let object): object.metadata
        case .endpointSlice(let object): object.metadata
        case .authorizationPolicy(let object): object.metadata
        case .peerAuthentication(let object): object.metadata
        case .requestAuthentication(let object): object.metadata
        case .serviceEntry(let object): object.metadata
        case .workloadEntry(let object): object.metadata
        case .gateway(let object): object.metadata
        case .gatewayClass(let object): object.metadata
        case .httpRoute(let object): object.metadata
        case .grpcRoute(let object): object.metadata
        case .referenceGrant(let object): object.metadata
        case .meshConfig(let object): object.metadata
        }
    }

    package var reference: ObjectReference {
        ObjectReference(kind: kind, namespace: metadata.namespace, name: metadata.name)
    }
}

/// Which object is meant: no two objects of a cluster have the same.
package struct ObjectReference: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let kind: KubernetesObject.Kind
    /// Empty for kinds that live in no namespace.
    package let namespace: String
    package let name: String

    package init(kind: KubernetesObject.Kind, namespace: String, name: String) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
    }

    /// `Kind namespace/name`, or `Kind name`.
    package var description: String {
        namespace.isEmpty ? "\(kind.rawValue) \(name)" : "\(kind.rawValue) \(namespace)/\(name)"
    }

    package static func < (one: ObjectReference, other: ObjectReference) -> Bool {
        (one.kind.rawValue, one.namespace, one.name) < (other.kind.rawValue, other.namespace, other.name)
    }
}
