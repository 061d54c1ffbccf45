import Mesh

/// The waypoint that an object asks for, and whether it has it.
package struct BindingDescription: Codable, Hashable, Sendable {
    /// `namespace/name` of the Gateway.
    package let waypoint: String
    /// `own label`, or `label of namespace NAME`.
    package let askedBy: String
    /// Whether the connections go through it.
    package let bound: Bool
    /// Whether it runs and is ready.
    package let ready: Bool
    /// How far it is in force: `preparing`, `routing`, `lingering`, `closing`, `settled`. Of Services.
    package let stage: String?
    /// What holds, in a sentence.
    package let message: String
    /// A second waypoint, which gets a share of the connections.
    package let canary: String?
    package let canaryPercent: Int?
}

extension MeshView {
    /// Nil for an object that asks for no waypoint.
    func binding(
        of object: Kubernetes.ObjectMeta, for traffic: WaypointBinding.Traffic
    ) -> BindingDescription? {
        guard let binding = model.waypointBinding(of: object, for: traffic, settings),
            let condition = AcceptanceConditions.waypointBound(object, for: traffic, in: model, settings: settings)
        else { return nil }
        let wish = binding.wish
        return BindingDescription(
            waypoint: "\(wish.gateway)",
            askedBy: wish.isOwn ? "own label" : "label of namespace \(object.namespace)", bound: binding.isBound,
            ready: isReady(wish.gateway), stage: traffic == .service ? stage(of: object.key) : nil,
            message: condition.message, canary: wish.canary.map { "\($0)" },
            canaryPercent: wish.canary == nil ? nil : wish.canaryWeight.map(Int.init))
    }

    private func stage(of service: NamespacedName) -> String? {
        let host = NamespacedName(namespace: service.namespace, name: settings.hostname(ofService: service))
        return order.rollout(of: host)?.stage.rawValue
    }

    /// Whether a waypoint has a pod that is ready; one that others run, whether its status has an address.
    func isReady(_ key: NamespacedName) -> Bool {
        guard let gateway = model.gateways[key] else { return false }
        guard let status = status(of: gateway) else { return !gateway.statusAddresses.isEmpty }
        return status.conditions.contains { $0.type == "Programmed" && $0.status == .isTrue }
    }

    /// Nil for a Gateway that is not ours to run.
    func status(of gateway: Kubernetes.Gateway) -> GatewayStatus? {
        GatewayStatus(of: gateway, in: model, settings: settings, fault: fault(of: gateway))
    }

    private func fault(of gateway: Kubernetes.Gateway) -> WaypointObjects.Fault? {
        do {
            _ = try WaypointObjects(for: gateway, in: model, settings: settings, template: .init(image: ""))
            return nil
        } catch {
            return error
        }
    }
}
