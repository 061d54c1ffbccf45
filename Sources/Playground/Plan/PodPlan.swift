package import Mesh

/// What a Deployment does: keeps so many pods of its newest template, and takes old ones away as new ones get ready.
/// A lone Pod is the same with one replica, whose name is given and which therefore must be gone before it can come again.
package struct PodPlan: Sendable {
    package struct Owner: Hashable, Sendable, CustomStringConvertible {
        package enum Kind: String, Hashable, Sendable { case deployment = "Deployment", pod = "Pod" }
        package var kind: Kind
        package var name: NamespacedName

        package init(_ kind: Kind, _ name: NamespacedName) {
            self.kind = kind
            self.name = name
        }

        package var description: String { "\(name.namespace)/\(kind.rawValue)/\(name.name)" }
    }

    package struct Demand: Hashable, Sendable {
        package var owner: Owner
        package var replicas: Int
        /// Changes when the template does.
        package var revision: String

        package init(owner: Owner, replicas: Int, revision: String) {
            self.owner = owner
            self.replicas = replicas
            self.revision = revision
        }
    }

    package struct Existing: Hashable, Sendable {
        package var name: NamespacedName
        package var owner: Owner
        package var revision: String
        package var isReady: Bool
        package var isLeaving: Bool

        package init(name: NamespacedName, owner: Owner, revision: String, isReady: Bool, isLeaving: Bool) {
            self.name = name
            self.owner = owner
            self.revision = revision
            self.isReady = isReady
            self.isLeaving = isLeaving
        }
    }

    package struct Creation: Hashable, Sendable {
        package var name: NamespacedName
        package var demand: Demand
    }

    package private(set) var creations: [Creation] = []
    package private(set) var removals: [NamespacedName] = []

    /// - Parameter suffix: five characters, different at each call.
    package init(demands: [Demand], existing: [Existing], suffix: () -> String) {
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
