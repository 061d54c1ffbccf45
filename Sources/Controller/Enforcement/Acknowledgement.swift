/// What a proxy has in force, as one controller knows it and tells others: values that can be merged in any order, any
/// number of times, with the same result.
package struct Acknowledgement: Hashable, Sendable {
    /// When the stream began, in milliseconds of the Unix epoch; of several, the newest knows best.
    package var sessionStart: UInt64
    /// Rises with each acknowledgement of a session.
    package var sequence: UInt64
    /// The content of each object that is in force there. Shared between proxies that are equally far.
    package var versions: [ObjectReference: ContentVersion]
    package var rejections: [ResourceReference: String]

    package init(
        sessionStart: UInt64, sequence: UInt64, versions: [ObjectReference: ContentVersion],
        rejections: [ResourceReference: String] = [:]
    ) {
        self.sessionStart = sessionStart
        self.sequence = sequence
        self.versions = versions
        self.rejections = rejections
    }

    /// The newer of the two. Of two that claim to be equally new, what both say is in force, and what either rejects.
    package func merged(with other: Acknowledgement) -> Acknowledgement {
        let (mine, others) = ((sessionStart, sequence), (other.sessionStart, other.sequence))
        guard mine == others else { return mine > others ? self : other }
        guard self != other else { return self }
        var merged = self
        merged.versions = versions.filter { other.versions[$0.key] == $0.value }
        merged.rejections.merge(other.rejections) { min($0, $1) }
        return merged
    }
}

extension [ProxyState.ID: Acknowledgement] {
    package mutating func merge(_ others: [ProxyState.ID: Acknowledgement]) {
        merge(others) { $0.merged(with: $1) }
    }
}
