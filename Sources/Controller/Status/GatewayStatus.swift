import Discovery

/// The status of a Gateway that is a waypoint of ours.
package struct GatewayStatus: Hashable, Sendable {
    package var conditions: [Condition] = []
    /// Only once an endpoint is ready.
    package var addresses: [Kubernetes.Gateway.Address] = []

    /// Nil for a Gateway that is not ours to run.
    package init?(
        of gateway: Kubernetes.Gateway, in model: MeshModel, settings: MeshSettings, fault: WaypointObjects.Fault?
    ) {
        guard model.owns(gateway, settings) else { return nil }
        let generation = gateway.metadata.generation
        let isReady = fault == nil && model.hasReadyPod(of: gateway)
        let host = settings.hostname(ofService: gateway.serviceKey)
        if isReady { addresses = [.init(type: .hostname, value: host)] }
        conditions = [
            Condition(
                "Accepted", fault == nil ? .isTrue : .isFalse, reason: fault == nil ? "Accepted" : "Invalid",
                message: fault?.description ?? "run as a waypoint", observedGeneration: generation),
            Condition(
                "Programmed", isReady ? .isTrue : .isFalse,
                reason: isReady ? "Programmed" : fault == nil ? "AddressNotAssigned" : "Invalid",
                message: isReady ? "reached at \(host)" : fault?.description ?? "no pod of it is ready yet",
                observedGeneration: generation),
            Condition(
                "ResolvedRefs", .isTrue, reason: "ResolvedRefs", message: "refers to nothing that is missing",
                observedGeneration: generation),
        ]
    }
}

extension WaypointObjects.Fault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalidName(let name): "\(name.quoted) cannot be the name of a Service or a ServiceAccount"
        case .occupied(let reference): "\(reference) is there already and was made by somebody else"
        }
    }
}

extension MeshModel {
    fileprivate func hasReadyPod(of gateway: Kubernetes.Gateway) -> Bool {
        pods(ofGateway: gateway.metadata.key).contains { key in
            guard let pod = pods[key] else { return false }
            return pod.status.isReady && pod.metadata.deletionTimestamp == nil
        }
    }
}
