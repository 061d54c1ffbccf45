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
        let problems = translation.diagnostics.map { "\($0.field): \($0.problem)" }
        return Condition(
            "ZtunnelAccepted", problems.isEmpty ? .isTrue : .isFalse,
            reason: problems.isEmpty ? "Accepted" : "UnsupportedValue",
            message: problems.isEmpty ? "attached to ztunnel" : problems.joined(separator: "; "),
            observedGeneration: policy.metadata.generation)
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

    private static func message(
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
