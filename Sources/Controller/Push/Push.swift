package import Discovery

/// A response that a subscriber is to be sent now.
package struct Push: Hashable, Sendable {
    /// Which changes it holds. Equal spans of wildcard subscribers hold the same, and are encoded once.
    package struct Span: Hashable, Sendable {
        package let type: ResourceType
        package let upsertsAfter: WorldVersion
        package let removalsAfter: WorldVersion
        package let upsertsThrough: WorldVersion
        package let removalsThrough: WorldVersion
    }

    package let type: ResourceType
    package let nonce: String
    /// Changes up to here had been sent before.
    package let after: WorldVersion
    /// How far the world was.
    package let version: WorldVersion
    package let upserts: [PublishedResource]
    package let removals: [String]
    /// Nil when what it holds is this subscriber's alone.
    package let span: Span?
    /// The first answer of its type in this session.
    package let isInitial: Bool
}
