import Discovery
import Mesh

/// What a route's author is told of each of its parents that are ours, by the published reasons.
struct RouteConditions {
    let route: Kubernetes.Route
    let model: MeshModel
    let settings: MeshSettings

    /// Those that are Services, or Gateways that this mesh runs; others are other people's business.
    var parents: [Kubernetes.Route.Parent] {
        route.parents.filter { parent in
            switch (parent.group, parent.kind) {
            case ("", "Service"), ("core", "Service"): true
            case (Kubernetes.gatewayGroup, "Gateway"):
                model.gateways[parent.key(for: route)].map { model.owns($0, settings) } ?? false
            default: false
            }
        }
    }

    func conditions(for parent: Kubernetes.Route.Parent) -> [Condition] {
        [accepted(by: parent), resolvedReferences] + (parent.kind == "Service" ? [resolvedWaypoints(of: parent)] : [])
    }

    private func accepted(by parent: Kubernetes.Route.Parent) -> Condition {
        let key = parent.key(for: route)
        let problem: String? =
            switch parent.kind {
            case "Service":
                if let service = model.services[key] {
                    parent.port.flatMap { port in
                        service.ports.contains { $0.port == port } ? nil : "Service \(key) has no port \(port)"
                    }
                } else {
                    "there is no Service \(key)"
                }
            default: nil
            }
        return condition(
            "Accepted", problem == nil, reason: problem == nil ? "Accepted" : "NoMatchingParent",
            problem ?? "attached to \(parent.kind) \(key)")
    }

    private var resolvedReferences: Condition {
        for backend in route.backends {
            if let (reason, problem) = fault(of: backend) {
                return condition("ResolvedRefs", false, reason: reason, "\(backend.field): \(problem)")
            }
        }
        return condition("ResolvedRefs", true, reason: "ResolvedRefs", "refers to nothing that is missing")
    }

    private func fault(of backend: Kubernetes.Route.Backend) -> (reason: String, problem: String)? {
        guard backend.kind == "Service", backend.group.isEmpty || backend.group == "core" else {
            return ("InvalidKind", "\(backend.kind) of \(backend.group.quoted) cannot be a backend here; a Service can")
        }
        let home = route.metadata.namespace
        let key = NamespacedName(namespace: backend.namespace.isEmpty ? home : backend.namespace, name: backend.name)
        guard key.namespace == home || isGranted(key) else {
            return (
                "RefNotPermitted", "no ReferenceGrant of namespace \(key.namespace) lets this refer to Service \(key)"
            )
        }
        guard let service = model.services[key] else { return ("BackendNotFound", "there is no Service \(key)") }
        if let port = backend.port, !service.ports.contains(where: { $0.port == port }) {
            return ("BackendNotFound", "Service \(key) has no port \(port)")
        }
        return nil
    }

    private func isGranted(_ service: NamespacedName) -> Bool {
        let kind = route.form == .grpc ? "GRPCRoute" : "HTTPRoute"
        return model.referenceGrants(in: service.namespace).contains { grant in
            grant.from.contains {
                $0.group == Kubernetes.gatewayGroup && $0.kind == kind && $0.namespace == route.metadata.namespace
            } && grant.to.contains { $0.kind == "Service" && ($0.name.isEmpty || $0.name == service.name) }
        }
    }

    /// For information: it is always true, and its message says what may surprise.
    private func resolvedWaypoints(of parent: Kubernetes.Route.Parent) -> Condition {
        let key = parent.key(for: route)
        let binding = model.services[key].flatMap {
            model.waypointBinding(of: $0.metadata, for: .service, settings)
        }
        let message =
            switch binding {
            case let binding? where binding.isBound: "Service \(key) is bound to waypoint \(binding.wish.gateway)"
            case .some: "the waypoint of Service \(key) cannot be used, so nothing acts on this route"
            case nil: "Service \(key) is bound to no waypoint, so nothing acts on this route"
            }
        return condition("ResolvedWaypoints", true, reason: "ResolvedWaypoints", message)
    }

    private func condition(_ type: String, _ isTrue: Bool, reason: String, _ message: String) -> Condition {
        Condition(
            type, isTrue ? .isTrue : .isFalse, reason: reason, message: message,
            observedGeneration: route.metadata.generation)
    }
}
