package import Mesh

/// Which proxies an object has a say in: those of the nodes where workloads run that it is about, and waypoints.
package struct Governance: Hashable, Sendable {
    package private(set) var nodes: Set<String> = []
    package private(set) var gateways: Set<NamespacedName> = []

    package init(of object: KubernetesObject, in model: MeshModel, settings: MeshSettings) {
        let key = object.metadata.key
        switch object {
        case .authorizationPolicy(let policy) where policy.targets.isEmpty:
            guard AuthorizationTranslation.isForZTunnel(policy) else { return }
            let isWide = key.namespace == settings.rootNamespace
            addNodes(of: model, selector: policy.selector, in: isWide ? nil : key.namespace)
        case .authorizationPolicy(let policy): addTargets(policy.targets, from: key.namespace, model, settings)
        case .requestAuthentication(let rules): addTargets(rules.targets, from: key.namespace, model, settings)
        case .peerAuthentication(let authentication):
            let isWide = key.namespace == settings.rootNamespace
            if isWide, authentication.selector != nil { return }
            addNodes(of: model, selector: authentication.selector, in: isWide ? nil : key.namespace)
        case .httpRoute(let route), .grpcRoute(let route): addParents(of: route, model, settings)
        case .service(let service): addBinding(service.metadata, .service, model, settings)
        case .pod(let pod): addBinding(pod.metadata, .workload, model, settings)
        case .namespace(let namespace):
            var object = namespace.metadata
            object.namespace = object.name
            addBinding(object, .service, model, settings)
        default: return
        }
    }

    package func governs(_ proxy: ProxyState) -> Bool {
        switch proxy.role {
        case .ztunnel: nodes.contains(proxy.node)
        case .waypoint(let gateway): gateways.contains(gateway)
        }
    }

    /// Whether an object ever has a say in what proxies do to connections: policies, routes and bindings have.
    package static func canGovern(_ object: KubernetesObject) -> Bool {
        switch object {
        case .authorizationPolicy, .peerAuthentication, .requestAuthentication, .httpRoute, .grpcRoute: true
        case .service, .pod, .namespace: object.metadata.labels[MeshLabel.useWaypoint] != nil
        default: false
        }
    }

    static func resources(of object: KubernetesObject, settings: MeshSettings) -> Set<ResourceReference> {
        let key = object.metadata.key
        switch object {
        case .authorizationPolicy(let policy):
            return AuthorizationTranslation.isForZTunnel(policy) ? [.policy(key)] : []
        case .peerAuthentication:
            let strict = PeerTranslation(model: MeshModel(), settings: settings).strictKey
            return [.policy(strict), .policy(PeerTranslation.policyKey(ofAuthentication: key))]
        case .service:
            let host = settings.hostname(ofService: key)
            return [.service(NamespacedName(namespace: key.namespace, name: host))]
        case .pod: return [.workload(settings.uid(ofPod: key))]
        default: return []
        }
    }
}

extension Governance {
    /// Of captured pods; of all namespaces when it is nil.
    private mutating func addNodes(of model: MeshModel, selector: [String: String]?, in namespace: String?) {
        func add(_ pod: Kubernetes.Pod) {
            let labels = pod.metadata.labels
            guard pod.isServedByNodeProxy, selector?.allSatisfy({ labels[$0.key] == $0.value }) ?? true else { return }
            nodes.insert(pod.spec.nodeName)
        }
        if let namespace {
            for key in model.pods(in: namespace) { model.pods[key].map(add) }
        } else {
            for pod in model.pods.values { add(pod) }
        }
    }

    /// Those who send must know of a binding, wherever they are, and the waypoint that serves it.
    private mutating func addBinding(
        _ object: Kubernetes.ObjectMeta, _ traffic: WaypointBinding.Traffic, _ model: MeshModel,
        _ settings: MeshSettings
    ) {
        guard let binding = model.waypointBinding(of: object, for: traffic, settings) else { return }
        addNodes(of: model, selector: nil, in: nil)
        if binding.isBound { gateways.insert(binding.wish.gateway) }
    }

    private mutating func addTargets(
        _ targets: [Kubernetes.AuthorizationPolicy.TargetReference], from namespace: String, _ model: MeshModel,
        _ settings: MeshSettings
    ) {
        for target in targets {
            addTarget(kind: target.kind, NamespacedName(namespace: namespace, name: target.name), model, settings)
        }
    }

    private mutating func addParents(of route: Kubernetes.Route, _ model: MeshModel, _ settings: MeshSettings) {
        for parent in route.parents {
            let namespace = parent.namespace.isEmpty ? route.metadata.namespace : parent.namespace
            addTarget(kind: parent.kind, NamespacedName(namespace: namespace, name: parent.name), model, settings)
        }
    }

    private mutating func addTarget(
        kind: String, _ key: NamespacedName, _ model: MeshModel, _ settings: MeshSettings
    ) {
        switch kind {
        case "Gateway": if let gateway = model.gateways[key], model.owns(gateway, settings) { gateways.insert(key) }
        case "Service":
            let binding = model.services[key].flatMap {
                model.waypointBinding(of: $0.metadata, for: .service, settings)
            }
            if let binding, binding.isBound { gateways.insert(binding.wish.gateway) }
        default: break
        }
    }
}

extension Kubernetes.Pod {
    /// Whether its node's proxy carries and judges its connections.
    fileprivate var isServedByNodeProxy: Bool {
        !spec.nodeName.isEmpty && status.phase != .succeeded && status.phase != .failed && !spec.hostNetwork
            && metadata.annotations[MeshAnnotation.redirection] == "enabled"
    }
}
