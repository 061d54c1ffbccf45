package import Mesh

/// What an object has a say in besides workloads: the waypoints that it is attached to, and why it may have no effect at all.
package struct Governance: Hashable, Sendable {
    package private(set) var gateways: Set<NamespacedName> = []
    /// Other objects that make of this one what it is; a change of theirs is one of it.
    package private(set) var sources: Set<ObjectReference> = []
    package private(set) var obstacle: EnforcementVerdict.Obstacle?

    package init(of object: KubernetesObject, in model: MeshModel, settings: MeshSettings) {
        let key = object.metadata.key
        switch object {
        case .authorizationPolicy(let policy): addPolicy(policy, model, settings)
        case .requestAuthentication(let rules):
            addTargets(rules.targets, from: key.namespace, model, settings)
            obstacle = .notEnforcedByWaypoints
        case .peerAuthentication(let authentication):
            guard key.namespace == settings.rootNamespace, authentication.selector != nil else { return }
            obstacle = .init(
                reason: "NoEffect", message: "a selector in namespace \(key.namespace) selects nothing")
        case .httpRoute(let route), .grpcRoute(let route):
            addParents(of: route, model, settings)
            obstacle = .notEnforcedByWaypoints
        case .service(let service): addBinding(service.metadata, .service, model, settings)
        case .pod(let pod): addBinding(pod.metadata, .workload, model, settings)
        case .namespace(let namespace):
            var object = namespace.metadata
            object.namespace = object.name
            addBinding(object, .service, model, settings)
        default: return
        }
    }

    /// Whether somebody may ask where such an object is in force. Pods and their places change all the time, and only one that
    /// asks for a waypoint says something that its author waits for.
    package static func isKept(_ object: KubernetesObject) -> Bool {
        switch object {
        case .pod: object.metadata.labels[MeshLabel.useWaypoint] != nil
        case .endpointSlice: false
        default: true
        }
    }

    /// What proxies are told because of an object, under its own name.
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
    private mutating func addPolicy(
        _ policy: Kubernetes.AuthorizationPolicy, _ model: MeshModel, _ settings: MeshSettings
    ) {
        guard policy.targets.isEmpty else {
            addTargets(policy.targets, from: policy.metadata.namespace, model, settings)
            return obstacle = .notEnforcedByWaypoints
        }
        var translation = AuthorizationTranslation(policy, settings: settings)
        guard translation.policy() != nil else {
            return obstacle = .init(reason: "NoEffect", message: translation.problems)
        }
        // What stands in for it refuses more than it says.
        guard translation.diagnostics.contains(where: { $0.severity == .error }) else { return }
        obstacle = .init(reason: "Invalid", message: translation.problems)
    }

    /// Those who send must know of a binding, wherever they are, and the waypoint that serves it.
    private mutating func addBinding(
        _ object: Kubernetes.ObjectMeta, _ traffic: WaypointBinding.Traffic, _ model: MeshModel,
        _ settings: MeshSettings
    ) {
        guard let binding = model.waypointBinding(of: object, for: traffic, settings) else { return }
        if binding.isBound { gateways.insert(binding.wish.gateway) }
        let wished = [binding.wish.gateway, binding.wish.canary].compactMap(\.self)
        sources = Set(wished.map { ObjectReference(kind: .gateway, namespace: $0.namespace, name: $0.name) })
        if !binding.wish.isOwn {
            sources.insert(ObjectReference(kind: .namespace, namespace: "", name: object.namespace))
        }
        if let fault = binding.fault, !binding.isBound {
            obstacle = .init(
                reason: fault.rawValue, message: AcceptanceConditions.message(fault, binding.wish.gateway, binding))
        }
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
            addTarget(kind: parent.kind, parent.key(for: route), model, settings)
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

extension Kubernetes.Route.Parent {
    /// Of which object of its kind it speaks.
    package func key(for route: Kubernetes.Route) -> NamespacedName {
        NamespacedName(namespace: namespace.isEmpty ? route.metadata.namespace : namespace, name: name)
    }
}

extension EnforcementVerdict.Obstacle {
    /// Waypoints pass connections through.
    fileprivate static let notEnforcedByWaypoints = Self(
        reason: "NotEnforced", message: "waypoints of this version do not act on it")
}

extension AuthorizationTranslation {
    var problems: String { diagnostics.map { "\($0.field): \($0.problem)" }.joined(separator: "; ") }
}
