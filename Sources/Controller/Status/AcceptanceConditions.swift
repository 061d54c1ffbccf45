import Mesh

/// What Istio's users look for in the status of policies and of what is bound to waypoints.
package enum AcceptanceConditions {
    /// Of a policy that ztunnels decide: what of it they can.
    package static func ztunnelAccepted(
        _ policy: Kubernetes.AuthorizationPolicy, settings: MeshSettings
    ) -> Condition? {
        guard policy.targets.isEmpty else { return nil }
        var translation = AuthorizationTranslation(policy, settings: settings)
        _ = translation.policy()
        let problems = translation.problems
        return Condition(
            "ZtunnelAccepted", problems.isEmpty ? .isTrue : .isFalse,
            reason: problems.isEmpty ? "Accepted" : "UnsupportedValue",
            message: problems.isEmpty ? "attached to ztunnel" : problems,
            observedGeneration: policy.metadata.generation)
    }

    /// Of a policy that waypoints decide: whether there is somebody to decide it.
    package static func waypointAccepted(
        _ policy: Kubernetes.AuthorizationPolicy, in model: MeshModel, settings: MeshSettings
    ) -> Condition? {
        guard !policy.targets.isEmpty else { return nil }
        let namespace = policy.metadata.namespace
        let faults = policy.targets.compactMap { fault(of: $0, from: namespace, model, settings) }
        let isPartial = faults.count < policy.targets.count
        return Condition(
            "WaypointAccepted", faults.isEmpty ? .isTrue : .isFalse,
            reason: faults.first.map { isPartial ? "PartiallyInvalid" : $0.reason } ?? "Accepted",
            message: faults.isEmpty ? "attached to waypoints" : faults.map(\.problem).joined(separator: "; "),
            observedGeneration: policy.metadata.generation)
    }

    private static func fault(
        of target: Kubernetes.AuthorizationPolicy.TargetReference, from namespace: String, _ model: MeshModel,
        _ settings: MeshSettings
    ) -> (reason: String, problem: String)? {
        let key = NamespacedName(namespace: namespace, name: target.name)
        switch target.kind {
        case "Gateway":
            return model.gateways[key] == nil ? ("TargetNotFound", "there is no Gateway \(key)") : nil
        case "GatewayClass":
            return model.gatewayClasses[target.name] == nil
                ? ("TargetNotFound", "there is no GatewayClass \(target.name)") : nil
        case "Service":
            guard let service = model.services[key] else { return ("TargetNotFound", "there is no Service \(key)") }
            let binding = model.waypointBinding(of: service.metadata, for: .service, settings)
            return binding?.isBound == true
                ? nil : ("AncestorNotBound", "Service \(key) is bound to no waypoint that can be used")
        default: return nil
        }
    }

    /// Of a Service or pod that asks for a waypoint; nil for one that does not.
    package static func waypointBound(
        _ object: Kubernetes.ObjectMeta, for traffic: WaypointBinding.Traffic, in model: MeshModel,
        settings: MeshSettings
    ) -> Condition? {
        guard let binding = model.waypointBinding(of: object, for: traffic, settings) else { return nil }
        let gateway = binding.wish.gateway
        return Condition(
            "istio.io/WaypointBound", binding.isBound ? .isTrue : .isFalse,
            reason: binding.fault?.rawValue ?? "WaypointAccepted",
            message: binding.fault.map { message($0, gateway, binding) } ?? "bound to waypoint \(gateway)",
            observedGeneration: object.generation)
    }

    /// What becomes of connections.
    static func message(
        _ fault: WaypointBinding.Fault, _ gateway: NamespacedName, _ binding: WaypointBinding
    ) -> String {
        let effect = binding.address == nil ? "connections go straight" : "connections are refused"
        return switch fault {
        case .waypointIsNotReady: "waypoint \(gateway) is not there or has no address: \(effect)"
        case .attachmentDenied: "waypoint \(gateway) does not admit this namespace: \(effect)"
        case .unsupportedTrafficType: "waypoint \(gateway) is not for this kind of traffic: \(effect)"
        case .canaryInvalidWeight: "the canary's weight is no number from 0 to 100: all goes to waypoint \(gateway)"
        case .canarySameAsPrimary: "the canary is waypoint \(gateway) itself"
        }
    }
}
