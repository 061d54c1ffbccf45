import Mesh

/// What a Deployment does: keeps so many pods of its newest template, and takes old ones away as new ones get ready.
/// A lone Pod is the same with one replica, whose name is given and which therefore must be gone before it can come again.
struct PodPlan: Sendable {
    struct Owner: Hashable, Sendable, CustomStringConvertible {
        enum Kind: String, Hashable, Sendable { case deployment = "Deployment", pod = "Pod" }
        var kind: Kind
        var name: NamespacedName

        init(_ kind: Kind, _ name: NamespacedName) {
            self.kind = kind
            self.name = name
        }

        var description: String { "\(name.namespace)/\(kind.rawValue)/\(name.name)" }
    }

    struct Demand: Hashable, Sendable {
        var owner: Owner
        var replicas: Int
        /// Changes when the template does.
        var revision: String

        init(owner: Owner, replicas: Int, revision: String) {
            self.owner = owner
            self.replicas = replicas
            self.revision = revision
        }
    }

    struct Existing: Hashable, Sendable {
        var name: NamespacedName
        var owner: Owner
        var revision: String
        var isReady: Bool
        var isLeaving: Bool

        init(name: NamespacedName, owner: Owner, revision: String, isReady: Bool, isLeaving: Bool) {
            self.name = name
            self.owner = owner
            self.revision = revision
            self.isReady = isReady
            self.isLeaving = isLeaving
        }
    }

    struct Creation: Hashable, Sendable {
        var name: NamespacedName
        var demand: Demand
    }

    private(set) var creations: [Creation] = []
    private(set) var removals: [NamespacedName] = []

    /// - Parameter suffix: five characters, different at each call.
    init(demands: [Demand], existing: [Existing], suffix: () -> String) {
        let byOwner = Dictionary(grouping: existing, by: \.owner)
        let wanted = Set(demands.map(\.owner))
        for pod in existing where !wanted.contains(pod.owner) && !pod.isLeaving { removals.append(pod.name) }
        for demand in demands {
            let pods = byOwner[demand.owner] ?? []
            switch demand.owner.kind {
            case .deployment: planDeployment(demand, pods, suffix)
            case .pod: planPod(demand, pods)
            }
        }
    }

    private mutating func planDeployment(_ demand: Demand, _ pods: [Existing], _ suffix: () -> String) {
        let staying = pods.filter { !$0.isLeaving }
        let new = staying.filter { $0.revision == demand.revision }
        let old = staying.filter { $0.revision != demand.revision }
        for _ in 0..<max(0, demand.replicas - new.count) {
            let name = "\(demand.owner.name.name)-\(demand.revision)-\(suffix())"
            creations.append(
                Creation(name: NamespacedName(namespace: demand.owner.name.namespace, name: name), demand: demand))
        }
        // Those that are not ready serve nobody and go first.
        let surplus = new.sorted { ($0.isReady ? 1 : 0, $0.name.name) < ($1.isReady ? 1 : 0, $1.name.name) }
        removals += surplus.prefix(max(0, new.count - demand.replicas)).map(\.name)
        let needed = max(0, demand.replicas - new.count(where: \.isReady))
        let dispensable = old.sorted { ($0.isReady ? 1 : 0, $0.name.name) < ($1.isReady ? 1 : 0, $1.name.name) }
        removals += dispensable.prefix(max(0, old.count - needed)).map(\.name)
    }

    private mutating func planPod(_ demand: Demand, _ pods: [Existing]) {
        guard let pod = pods.first else {
            creations.append(Creation(name: demand.owner.name, demand: demand))
            return
        }
        if pod.revision != demand.revision, !pod.isLeaving { removals.append(pod.name) }
    }
}
