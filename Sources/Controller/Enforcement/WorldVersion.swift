/// How many changes a controller has taken in: each change to its source gives the next one.
///
/// It means something to this controller alone; what several controllers speak of is a `ContentVersion`.
package struct WorldVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let number: UInt64

    package init(_ number: UInt64) { self.number = number }

    /// Before the first change.
    package static let none = WorldVersion(0)

    package var next: WorldVersion { WorldVersion(number + 1) }

    package static func < (one: WorldVersion, other: WorldVersion) -> Bool { one.number < other.number }

    package var description: String { String(number) }
}
