import Mesh

/// PeerAuthentication → DENY policies against those who do not prove who they are.
struct PeerTranslation {
    let model: MeshModel
    let settings: MeshSettings

    private static let convertedPrefix = "converted_peer_authentication_"

    /// Every strict workload names this one policy.
    var strictKey: NamespacedName {
        NamespacedName(namespace: settings.rootNamespace, name: "istio_converted_static_strict")
    }

    var strictPolicy: AuthorizationPolicy {
        Self.policy(strictKey, AuthorizationPolicy.Match.unauthenticated)
    }

    /// The policy that a workload must name, if any.
    func policyKey(for object: Kubernetes.ObjectMeta) -> NamespacedName? {
        let own = own(object)
        if let own, policy(for: own) != nil { return Self.policyKey(ofAuthentication: own.metadata.key) }
        return mode(own, in: object.namespace) == .strict ? strictKey : nil
    }

    /// Of an authentication that treats some ports unlike the others; nil when the static policy or none will do.
    func policy(for authentication: Kubernetes.PeerAuthentication) -> AuthorizationPolicy? {
        let namespace = authentication.metadata.namespace
        guard authentication.selector != nil, namespace != settings.rootNamespace else { return nil }
        let isStrict = mode(authentication, in: namespace) == .strict
        let exceptions = authentication.portModes.filter { _, mode in
            mode != .unset && (mode == .strict) != isStrict
        }
        guard !exceptions.isEmpty else { return nil }
        var match = AuthorizationPolicy.Match.unauthenticated
        if isStrict {
            match.notDestinationPorts = exceptions.keys.sorted()
        } else {
            match.destinationPorts = exceptions.keys.sorted()
        }
        return Self.policy(Self.policyKey(ofAuthentication: authentication.metadata.key), match)
    }

    func diagnostics(for authentication: Kubernetes.PeerAuthentication) -> [TranslationDiagnostic] {
        let metadata = authentication.metadata
        let reference = ObjectReference(
            kind: .peerAuthentication, namespace: metadata.namespace, name: metadata.name)
        var diagnostics: [TranslationDiagnostic] = []
        if metadata.namespace == settings.rootNamespace, authentication.selector != nil {
            diagnostics.append(
                TranslationDiagnostic(
                    .warning, reference, field: "spec.selector",
                    problem: "a selector in namespace \(metadata.namespace) selects nothing, so this has no effect"))
        }
        if authentication.mode == .disable || authentication.portModes.values.contains(.disable) {
            diagnostics.append(
                TranslationDiagnostic(
                    .warning, reference, field: "spec.mtls.mode",
                    problem: "DISABLE is taken as PERMISSIVE: callers in the mesh still come encrypted"))
        }
        return diagnostics
    }
}

extension PeerTranslation {
    /// What holds for a workload of `namespace`: its own mode, else its namespace's, else the mesh's, else permissive.
    private func mode(
        _ own: Kubernetes.PeerAuthentication?, in namespace: String
    ) -> Kubernetes.PeerAuthentication.Mode {
        deciding(own, in: namespace)?.mode ?? .permissive
    }

    private func deciding(
        _ own: Kubernetes.PeerAuthentication?, in namespace: String
    ) -> Kubernetes.PeerAuthentication? {
        let levels = [
            own, model.wideAuthentications(in: namespace).oldest,
            model.wideAuthentications(in: settings.rootNamespace).oldest,
        ]
        return levels.compactMap { $0 }.first { $0.mode != .unset }
    }

    /// That which says by its mode what holds for a pod, or for pods of a namespace; nil where the mesh's default holds.
    func deciding(for pod: Kubernetes.Pod?, in namespace: String) -> Kubernetes.PeerAuthentication? {
        deciding(pod.flatMap { own($0.metadata) }, in: namespace)
    }

    /// That which selects the workload, whose modes for single ports hold. In the root namespace none does.
    func own(_ object: Kubernetes.ObjectMeta) -> Kubernetes.PeerAuthentication? {
        object.namespace == settings.rootNamespace ? nil : model.authentications(selecting: object).oldest
    }

    static func policyKey(ofAuthentication key: NamespacedName) -> NamespacedName {
        NamespacedName(namespace: key.namespace, name: convertedPrefix + key.name)
    }

    private static func policy(
        _ key: NamespacedName, _ match: AuthorizationPolicy.Match
    ) -> AuthorizationPolicy {
        AuthorizationPolicy(
            name: key.name, namespace: key.namespace, scope: .workloadSelector, action: .deny,
            rules: [AuthorizationPolicy.Rule(clauses: [AuthorizationPolicy.Clause(matches: [match])])])
    }
}

extension AuthorizationPolicy.Match {
    /// Of a peer without an identity.
    fileprivate static var unauthenticated: AuthorizationPolicy.Match {
        var match = AuthorizationPolicy.Match()
        match.notPrincipals = [.presence]
        return match
    }
}

extension [Kubernetes.PeerAuthentication] {
    /// The one that counts of several at one level. Without times, the first by name.
    fileprivate var oldest: Kubernetes.PeerAuthentication? {
        self.min { one, other in
            let times = (one.metadata.creationTimestamp, other.metadata.creationTimestamp)
            if times.0 == times.1 { return one.metadata.name < other.metadata.name }
            guard let first = times.0, let second = times.1 else { return times.0 != nil }
            return first < second
        }
    }
}
