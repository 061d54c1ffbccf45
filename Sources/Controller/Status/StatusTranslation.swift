package import Mesh

/// Model, acknowledgements and problems → what each object's status is to say, and what is to be made for Gateways. Pure.
package struct StatusTranslation {
    private let model: MeshModel
    private let settings: MeshSettings
    private let template: WaypointObjects.Template
    private let verdict: (ObjectReference) -> EnforcementVerdict?
    private let problems: [ObjectReference: String]
    private let gaps: (ObjectReference) -> String?

    /// - Parameters:
    ///   - problems: why the present text of an object cannot be read.
    ///   - gaps: how what is bound to a waypoint can be reached past it.
    package init(
        model: MeshModel, settings: MeshSettings, template: WaypointObjects.Template,
        problems: [ObjectReference: String], gaps: @escaping (ObjectReference) -> String? = { _ in nil },
        verdict: @escaping (ObjectReference) -> EnforcementVerdict?
    ) {
        self.gaps = gaps
        self.model = model
        self.settings = settings
        self.template = template
        self.problems = problems
        self.verdict = verdict
    }

    /// Nil for an object about which there is nothing to tell, or that is not there.
    package func status(of reference: ObjectReference) -> ObjectStatus? {
        let problem = problems[reference]
        guard let object = model.objects[reference] else { return problem.map { unread(reference, $0) } }
        var status = ObjectStatus(reference, uid: object.metadata.uid)
        if let problem { status.conditions.append(.malformed(problem)) }
        describe(object, in: &status)
        return status.isEmpty ? nil : status
    }

    /// What is to be made for a Gateway.
    package func made(for gateway: NamespacedName) -> [KubernetesObject] {
        guard let gateway = model.gateways[gateway], case .success(let made?) = objects(for: gateway) else { return [] }
        return made.objects
    }

    private func objects(for gateway: Kubernetes.Gateway) -> Result<WaypointObjects?, WaypointObjects.Fault> {
        Result { () throws(WaypointObjects.Fault) in
            try WaypointObjects(for: gateway, in: model, settings: settings, template: template)
        }
    }

    private func unread(_ reference: ObjectReference, _ problem: String) -> ObjectStatus {
        var status = ObjectStatus(reference, uid: "")
        status.conditions = [.malformed(problem)]
        return status
    }

    private func describe(_ object: KubernetesObject, in status: inout ObjectStatus) {
        let metadata = object.metadata
        switch object {
        case .authorizationPolicy(let policy):
            status.conditions += [AcceptanceConditions.ztunnelAccepted(policy, settings: settings)].compactMap(\.self)
            status.conditions += [AcceptanceConditions.waypointAccepted(policy, in: model, settings: settings)]
                .compactMap(\.self)
            status.conditions += enforced(object)
        case .peerAuthentication, .requestAuthentication: status.conditions += enforced(object)
        case .service, .serviceEntry: describeBinding(of: metadata, for: .service, object, in: &status)
        case .workloadEntry: describeBinding(of: metadata, for: .workload, object, in: &status)
        // Kubernetes' own kinds of Istio's say nothing of these.
        case .pod, .namespace:
            if metadata.labels[MeshLabel.useWaypoint] != nil { status.conditions += enforced(object) }
        case .httpRoute(let route), .grpcRoute(let route):
            let conditions = RouteConditions(route: route, model: model, settings: settings)
            status.parents = conditions.parents.map { .init($0, conditions.conditions(for: $0) + enforced(object)) }
        case .gateway(let gateway): describe(gateway, in: &status)
        default: return
        }
    }

    private func describeBinding(
        of metadata: Kubernetes.ObjectMeta, for traffic: WaypointBinding.Traffic, _ object: KubernetesObject,
        in status: inout ObjectStatus
    ) {
        let bound = AcceptanceConditions.waypointBound(metadata, for: traffic, in: model, settings: settings)
        guard var bound else { return }
        if let gap = gaps(object.reference) { bound.message += "; \(gap)" }
        status.conditions += [bound] + enforced(object)
    }

    private func describe(_ gateway: Kubernetes.Gateway, in status: inout ObjectStatus) {
        var fault: WaypointObjects.Fault?
        if case .failure(let failure) = objects(for: gateway) { fault = failure }
        guard let own = GatewayStatus(of: gateway, in: model, settings: settings, fault: fault) else { return }
        status.conditions += own.conditions
        status.addresses = own.addresses
    }

    private func enforced(_ object: KubernetesObject) -> [Condition] {
        guard let verdict = verdict(object.reference) else { return [] }
        return [.enforced(verdict, generation: object.metadata.generation)]
    }
}

extension Condition {
    package static let acceptedType = "slipstream.io/Accepted"

    /// Of an object whose present text cannot be read.
    fileprivate static func malformed(_ problem: String) -> Condition {
        Condition(acceptedType, .isFalse, reason: "Malformed", message: problem)
    }
}
