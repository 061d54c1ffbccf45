/// A policy, a route or whatever else proxies enforce, and where it is in force.
package struct PolicyDescription: Codable, Hashable, Sendable {
    package struct Condition: Codable, Hashable, Sendable {
        package let type: String
        package let status: String
        package let reason: String
        package let message: String

        init(_ condition: Controller.Condition) {
            type = condition.type
            status = condition.status.rawValue
            reason = condition.reason
            message = condition.message
        }
    }

    package let kind: String
    package let namespace: String
    package let name: String
    /// `ALLOW`, `DENY` and so on, the mode of a PeerAuthentication; empty for other kinds.
    package let action: String
    /// What it is for: `the whole mesh`, `namespace shop`, `pods with app=cart`, `Service cart`.
    package let target: String
    /// In words, one for each.
    package let rules: [String]
    /// Pods in the mesh that it is for, `namespace/name`.
    package let pods: [String]
    /// Nil for one that is never in force anywhere.
    package let enforcement: EnforcementDescription?
    package let conditions: [Condition]
    package let remarks: [RemarkDescription]

    init(_ object: KubernetesObject, in view: MeshView) {
        let scope = PolicyScope(of: object, in: view)
        kind = object.kind.rawValue
        namespace = object.metadata.namespace
        name = object.metadata.name
        target = scope.text
        pods = scope.pods
        enforcement = view.enforcement(of: object.reference)
        remarks = view.remarks(on: object.reference)
        switch object {
        case .authorizationPolicy(let policy):
            action = policy.action.rawValue
            rules = policy.rules.map(\.text)
            let accepted = AcceptanceConditions.ztunnelAccepted(policy, settings: view.settings)
            conditions = [accepted].compactMap { $0 }.map(Condition.init)
        case .peerAuthentication(let authentication):
            action = authentication.mode.rawValue
            rules = authentication.portModes.sorted { $0.key < $1.key }.map { "port \($0.key): \($0.value.rawValue)" }
            conditions = []
        default: (action, rules, conditions) = ("", [], [])
        }
    }

    package static let kinds: Set<KubernetesObject.Kind> = [
        .authorizationPolicy, .peerAuthentication, .requestAuthentication, .httpRoute, .grpcRoute,
    ]
}

extension MeshView {
    /// In the order of kinds and names.
    func policies(where isWanted: (ObjectReference) -> Bool) -> [PolicyDescription] {
        let references = model.objects.keys.filter { PolicyDescription.kinds.contains($0.kind) && isWanted($0) }
        return references.sorted().compactMap { model.objects[$0] }.map { PolicyDescription($0, in: self) }
    }
}
