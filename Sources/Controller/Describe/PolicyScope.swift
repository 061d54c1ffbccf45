import Mesh

/// What a policy is for.
struct PolicyScope {
    private(set) var text: String
    private(set) var pods: [String] = []

    init(of object: KubernetesObject, in view: MeshView) {
        let namespace = object.metadata.namespace
        switch object {
        case .authorizationPolicy(let policy) where policy.targets.isEmpty:
            self.init(policy.selector, namespace, selectsEverywhere: true, view)
        case .peerAuthentication(let authentication):
            self.init(authentication.selector, namespace, selectsEverywhere: false, view)
        case .requestAuthentication(let rules) where rules.targets.isEmpty:
            self.init(rules.selector, namespace, selectsEverywhere: true, view)
        case .authorizationPolicy(let policy): self.init(policy.targets)
        case .requestAuthentication(let rules): self.init(rules.targets)
        case .httpRoute(let route), .grpcRoute(let route):
            self.init(text: route.parents.map { "\($0.kind) \($0.name)" }.joined(separator: ", "))
        default: self.init(text: "")
        }
    }

    private init(text: String) { self.text = text }

    private init(_ targets: [Kubernetes.AuthorizationPolicy.TargetReference]) {
        self.init(text: targets.map { "\($0.kind) \($0.name)" }.joined(separator: ", "))
    }

    private init(_ selector: [String: String]?, _ namespace: String, selectsEverywhere: Bool, _ view: MeshView) {
        let isRoot = namespace == view.settings.rootNamespace
        let isWide = isRoot && (selectsEverywhere || selector == nil)
        let place = isWide ? "the whole mesh" : "namespace \(namespace)"
        let labels = selector?.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        text = labels.map { "pods of \(place) with \($0)" } ?? place
        // A PeerAuthentication with a selector has no effect in the root namespace.
        if isRoot, !isWide { return }
        pods = view.model.pods.values.filter { pod in
            let isSelected = selector?.allSatisfy { pod.metadata.labels[$0.key] == $0.value } ?? true
            return isSelected && (isWide || pod.metadata.namespace == namespace) && view.isCaptured(pod)
        }.map { "\($0.key)" }.sorted()
    }
}
