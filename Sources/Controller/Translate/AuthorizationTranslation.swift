import Mesh

/// AuthorizationPolicy → AuthorizationPolicy: what of it can be decided from addresses, ports and identities.
///
/// It errs on the side of refusing: of an ALLOW rule that asks for more nothing is left, of a DENY rule the part that can be
/// decided. A rule keeps its index, so that a decision can name it as its author wrote it.
struct AuthorizationTranslation {
    private let object: Kubernetes.AuthorizationPolicy
    private let settings: MeshSettings
    private(set) var diagnostics: [TranslationDiagnostic] = []

    init(_ object: Kubernetes.AuthorizationPolicy, settings: MeshSettings) {
        self.object = object
        self.settings = settings
    }

    /// Whether the policy has any business with connections: those attached to a waypoint are its own, and what `AUDIT` and
    /// `CUSTOM` ask for is not done here.
    static func isForZTunnel(_ object: Kubernetes.AuthorizationPolicy) -> Bool {
        object.targets.isEmpty && (object.action == .allow || object.action == .deny)
    }

    /// Nil when it is not for ztunnel.
    mutating func policy() -> AuthorizationPolicy? {
        guard object.targets.isEmpty else { return nil }
        guard Self.isForZTunnel(object) else {
            warn("spec.action", "\(object.action.rawValue) has no effect on connections; ALLOW and DENY have")
            return nil
        }
        let action: AuthorizationPolicy.Action = object.action == .deny ? .deny : .allow
        var policy = AuthorizationPolicy(
            name: object.metadata.name, namespace: object.metadata.namespace, scope: scope, action: action,
            rules: rules(action))
        policy.isDryRun = object.metadata.annotations[MeshAnnotation.dryRun] == "true"
        return policy
    }

    private var scope: AuthorizationPolicy.Scope {
        if object.selector != nil { return .workloadSelector }
        return object.metadata.namespace == settings.rootNamespace ? .global : .namespace
    }

    private mutating func rules(_ action: AuthorizationPolicy.Action) -> [AuthorizationPolicy.Rule] {
        var rules: [AuthorizationPolicy.Rule] = []
        for (index, rule) in object.rules.enumerated() {
            var translation = RuleTranslation(rule, namespace: object.metadata.namespace)
            translation.read()
            if let fault = translation.faults.first {
                return refused(action, field: "spec.rules[\(index)]\(fault.field)", problem: fault.problem)
            }
            let parts = translation.requestParts
            if !parts.isEmpty { warnOfRequestParts(parts, action, hasRemainder: translation.hasRemainder, index) }
            rules.append(action == .allow ? translation.allowRule() : translation.denyRule())
        }
        return rules
    }

    /// Of a policy that cannot be understood: an ALLOW that allows nothing, a DENY that denies all.
    private mutating func refused(
        _ action: AuthorizationPolicy.Action, field: String, problem: String
    ) -> [AuthorizationPolicy.Rule] {
        let effect = action == .allow ? "the policy allows nothing" : "the policy denies everything"
        diagnostics.append(
            TranslationDiagnostic(
                .error, reference, field: field, problem: "\(problem); until this is mended \(effect)"))
        return action == .allow ? [] : [AuthorizationPolicy.Rule(clauses: [])]
    }

    private mutating func warnOfRequestParts(
        _ parts: [String], _ action: AuthorizationPolicy.Action, hasRemainder: Bool, _ index: Int
    ) {
        let effect =
            switch (action, hasRemainder) {
            case (.allow, _): "so the rule allows nothing"
            case (.deny, true): "so the rule denies whatever its other fields match"
            case (.deny, false): "so the rule denies nothing"
            }
        warn(
            "spec.rules[\(index)]",
            "\(parts.joined(separator: ", ")) can be decided only by a waypoint that sees requests, \(effect) here")
    }

    private mutating func warn(_ field: String, _ problem: String) {
        diagnostics.append(TranslationDiagnostic(.warning, reference, field: field, problem: problem))
    }

    private var reference: ObjectReference {
        ObjectReference(
            kind: .authorizationPolicy, namespace: object.metadata.namespace, name: object.metadata.name)
    }
}
