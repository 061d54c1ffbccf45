import Mesh

/// The mesh as a controller knows it at one moment: what is asked about is described from this alone. Pure.
package struct MeshView: Sendable {
    package let translation: LiveTranslation
    /// How far waypoints are in force.
    package let order: WaypointOrder
    package let settings: MeshSettings
    /// How many changes were taken in.
    package let version: WorldVersion
    /// Whether the source has been read to its end.
    package let isListed: Bool
    package let proxies: [ProxyState]
    /// By node; an old and a new process of one are two.
    private let nodeProxies: [String: [ProxyState]]
    /// What the source cannot read.
    package let problems: [ManifestDiagnostic]
    /// Where the present content of an object is in force; nil for one that is never in force anywhere.
    package let verdict: @Sendable (ObjectReference) -> EnforcementVerdict?

    package init(
        translation: LiveTranslation, order: WaypointOrder? = nil, settings: MeshSettings, version: WorldVersion,
        isListed: Bool = true, proxies: [ProxyState] = [], problems: [ManifestDiagnostic] = [],
        verdict: @escaping @Sendable (ObjectReference) -> EnforcementVerdict? = { _ in nil }
    ) {
        self.translation = translation
        self.order = order ?? WaypointOrder(settings: settings)
        self.settings = settings
        self.version = version
        self.isListed = isListed
        self.proxies = proxies
        nodeProxies = Dictionary(grouping: proxies.filter { $0.role == .ztunnel }, by: \.node)
        self.problems = problems
        self.verdict = verdict
    }

    package var model: MeshModel { translation.model }

    /// Of this kind, in this namespace or, when it is nil, in all; in the order of their names.
    package func names(of kind: KubernetesObject.Kind, in namespace: String?) -> [ObjectReference] {
        model.objects.keys.filter { $0.kind == kind && (namespace == nil || $0.namespace == namespace) }.sorted()
    }

    // MARK: What descriptions have in common

    func workload(of pod: Kubernetes.Pod) -> Workload? { translation.workloads[settings.uid(ofPod: pod.key)] }

    /// The processes that serve a node's pods.
    func nodeProxies(of node: String) -> [ProxyState] { nodeProxies[node] ?? [] }

    func describe(_ proxy: ProxyState) -> ProxyDescription { ProxyDescription(proxy, at: version) }

    func enforcement(of reference: ObjectReference) -> EnforcementDescription? {
        guard let object = model.objects[reference], Self.isAwaited(object) else { return nil }
        return verdict(reference).map { EnforcementDescription(reference, $0) }
    }

    /// What is to be told to the author of an object.
    func remarks(on reference: ObjectReference) -> [RemarkDescription] {
        (translation.remarks[reference] ?? []).map(RemarkDescription.init)
    }

    /// Whether an object says something that its author waits for to be in force.
    static func isAwaited(_ object: KubernetesObject) -> Bool {
        PolicyDescription.kinds.contains(object.kind) || object.metadata.labels[MeshLabel.useWaypoint] != nil
    }

    /// Those that a node proxy serves or is to serve.
    func isCaptured(_ pod: Kubernetes.Pod) -> Bool {
        !pod.hasEnded && !pod.spec.hostNetwork && pod.metadata.annotations[MeshAnnotation.redirection] == "enabled"
    }
}

extension Kubernetes.Pod {
    var hasEnded: Bool { status.phase == .succeeded || status.phase == .failed }
}
