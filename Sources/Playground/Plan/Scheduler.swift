/// Chooses nodes for pods.
enum Scheduler {
    /// What is known of a pod that already has its node.
    struct Placement: Hashable, Sendable {
        var node: String
        /// What made the pod, such as `shop/Deployment/cart`.
        var owner: String

        init(node: String, owner: String) {
            self.node = node
            self.owner = owner
        }
    }

    /// The node that has the fewest pods of this owner, then the fewest pods, then the first of its name; nil without nodes.
    static func choose(owner: String, nodes: [String], placements: [Placement]) -> String? {
        let ranked = nodes.enumerated().map { order, node in
            let there = placements.filter { $0.node == node }
            return (node: node, rank: (there.count { $0.owner == owner }, there.count, order))
        }
        return ranked.min { $0.rank < $1.rank }?.node
    }
}
