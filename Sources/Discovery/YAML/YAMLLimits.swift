/// How much of a document is taken before it is refused.
package struct YAMLLimits: Hashable, Sendable {
    package var bytes: Int
    /// Lists and mappings within each other. A Kubernetes object needs about 20, a schema about 40.
    package var depth: Int
    /// Values in all documents of a file, so that a few bytes each cannot become much memory.
    package var nodes: Int

    package init(bytes: Int = 16 << 20, depth: Int = 100, nodes: Int = 2_000_000) {
        self.bytes = bytes
        self.depth = depth
        self.nodes = nodes
    }
}
