import Mesh

/// Finds the objects that a selector matches without trying them all: each is filed under every one of its pairs.
struct LabelIndex: Sendable {
    private struct Pair: Hashable {
        let namespace: String
        let key: String
        let value: String
    }

    private var members: [Pair: Set<NamespacedName>] = [:]

    mutating func insert(_ member: NamespacedName, _ labels: [String: String]) {
        for (key, value) in labels {
            members[Pair(namespace: member.namespace, key: key, value: value), default: []].insert(member)
        }
    }

    mutating func remove(_ member: NamespacedName, _ labels: [String: String]) {
        for (key, value) in labels {
            let pair = Pair(namespace: member.namespace, key: key, value: value)
            members[pair]?.remove(member)
            if members[pair]?.isEmpty == true { members[pair] = nil }
        }
    }

    /// At the cost of the rarest of the selector's pairs; nil for a selector without any, which matches everything.
    func matches(_ selector: [String: String], in namespace: String) -> Set<NamespacedName>? {
        let sets = selector.map { members[Pair(namespace: namespace, key: $0.key, value: $0.value)] ?? [] }
            .sorted { $0.count < $1.count }
        guard let rarest = sets.first else { return nil }
        return sets.dropFirst().reduce(rarest) { matches, others in matches.filter(others.contains) }
    }
}
