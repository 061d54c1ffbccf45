import Mesh

/// On which nodes the workloads run that objects have a say in. Kept up with the model: a change costs what it touches.
package struct GovernedNodes: Sendable {
    package struct Tenure: Hashable, Sendable {
        /// Of pods.
        package var count = 0
        /// When a pod came under the object's rule that the node's proxy had known before: until the proxy has taken that in, it
        /// judges the pod without the object. A new pod is admitted nothing until it is known, with all that rules it.
        package var since = WorldVersion.none
    }

    private struct Membership: Hashable {
        let node: String
        /// The objects whose selectors match.
        let selections: Set<ObjectReference>
    }

    private let settings: MeshSettings
    private var tenures: [Reach: [String: Tenure]] = [:]
    private var memberships: [NamespacedName: Membership] = [:]
    private var selectors: [ObjectReference: [String: String]] = [:]

    package init(settings: MeshSettings) { self.settings = settings }

    /// Nodes with workloads in reach.
    package func nodes(in reach: Reach) -> [String: Tenure] { tenures[reach] ?? [:] }

    /// Takes in what made `model` what it is.
    ///
    /// - Returns: whose nodes, or since when, are others now.
    package mutating func apply(
        _ changes: [MeshModel.Change], in model: MeshModel, at version: WorldVersion
    ) -> Set<Reach> {
        var changed: Set<Reach> = []
        var pods: Set<NamespacedName> = []
        for change in changes {
            let reference = change.reference
            switch reference.kind {
            case .pod: pods.insert(NamespacedName(namespace: reference.namespace, name: reference.name))
            case .authorizationPolicy, .peerAuthentication: pods.formUnion(reselected(by: reference, in: model))
            default: continue
            }
        }
        for pod in pods { move(pod, in: model, version, &changed) }
        return changed
    }

    /// The pods that an object may have come to select or to select no longer.
    private mutating func reselected(by reference: ObjectReference, in model: MeshModel) -> Set<NamespacedName> {
        let selector = model.objects[reference].flatMap { object -> [String: String]? in
            guard case .selection = Reach(of: object, settings: settings) else { return nil }
            return object.selector
        }
        guard selectors[reference] != selector else { return [] }
        selectors[reference] = selector
        let isWide = reference.namespace == settings.rootNamespace
        let candidates = isWide ? Set(model.pods.keys) : model.pods(in: reference.namespace)
        return candidates.filter { key in
            let labels = model.pods[key]?.metadata.labels ?? [:]
            let isSelected = selector?.allSatisfy { labels[$0.key] == $0.value } ?? false
            return isSelected != (memberships[key]?.selections.contains(reference) ?? false)
        }
    }

    private mutating func move(
        _ key: NamespacedName, in model: MeshModel, _ version: WorldVersion, _ changed: inout Set<Reach>
    ) {
        let old = memberships[key]
        let new = model.pods[key].flatMap { pod in
            pod.isServedByNodeProxy
                ? Membership(node: pod.spec.nodeName, selections: selections(of: pod, in: model)) : nil
        }
        guard old != new else { return }
        memberships[key] = new
        let stays = old != nil && old?.node == new?.node
        let before = old.map { reaches(of: $0, key) } ?? []
        let after = new.map { reaches(of: $0, key) } ?? []
        for reach in stays ? before.subtracting(after) : before { leave(reach, old?.node ?? "", &changed) }
        for reach in stays ? after.subtracting(before) : after {
            enter(reach, new?.node ?? "", since: stays ? version : .none, &changed)
        }
    }

    private func selections(of pod: Kubernetes.Pod, in model: MeshModel) -> Set<ObjectReference> {
        let (own, root) = (pod.metadata.namespace, settings.rootNamespace)
        let policies = Set([own, root]).flatMap { model.policies(selecting: pod.metadata, in: $0) }
            .filter(AuthorizationTranslation.isForZTunnel).map(KubernetesObject.authorizationPolicy)
        let authentications =
            own == root ? [] : model.authentications(selecting: pod.metadata).map(KubernetesObject.peerAuthentication)
        return Set((policies + authentications).map(\.reference))
    }

    private func reaches(of membership: Membership, _ key: NamespacedName) -> Set<Reach> {
        Set(membership.selections.map(Reach.selection)).union([.mesh, .namespace(key.namespace)])
    }

    private mutating func enter(
        _ reach: Reach, _ node: String, since version: WorldVersion, _ changed: inout Set<Reach>
    ) {
        var tenure = tenures[reach]?[node] ?? Tenure()
        if tenure.count == 0 || version > tenure.since { changed.insert(reach) }
        tenure.count += 1
        tenure.since = max(tenure.since, version)
        tenures[reach, default: [:]][node] = tenure
    }

    private mutating func leave(_ reach: Reach, _ node: String, _ changed: inout Set<Reach>) {
        guard let tenure = tenures[reach]?[node] else { return }
        guard tenure.count == 1 else {
            tenures[reach]?[node]?.count -= 1
            return
        }
        changed.insert(reach)
        tenures[reach]?[node] = nil
        if tenures[reach]?.isEmpty == true { tenures[reach] = nil }
    }
}

extension KubernetesObject {
    fileprivate var selector: [String: String]? {
        switch self {
        case .authorizationPolicy(let policy): policy.selector
        case .peerAuthentication(let authentication): authentication.selector
        default: nil
        }
    }
}

extension Kubernetes.Pod {
    /// Whether its node's proxy carries and judges its connections.
    package var isServedByNodeProxy: Bool {
        !spec.nodeName.isEmpty && status.phase != .succeeded && status.phase != .failed && !spec.hostNetwork
            && metadata.annotations[MeshAnnotation.redirection] == "enabled"
    }
}
