/// When each of the last changes was taken in, to tell how long it took to reach somebody.
package struct ChangeTimes: Sendable {
    private var times: [ContinuousClock.Instant] = []
    private var next = WorldVersion.none.next

    /// Who is behind by more changes than these is late anyway.
    private static let limit = 4096

    package init() {}

    /// Takes in the change that made the world `version`.
    package mutating func add(_ version: WorldVersion, at time: ContinuousClock.Instant) {
        if times.count >= 2 * Self.limit { times.removeFirst(times.count - Self.limit) }
        times.append(time)
        next = version.next
    }

    /// When the first change after `version` was taken in; nil when there is none, or when that is long ago.
    package func first(after version: WorldVersion) -> ContinuousClock.Instant? {
        let oldest = next.number - UInt64(times.count)
        guard version.number + 1 >= oldest, version.number + 1 < next.number else { return nil }
        return times[Int(version.number + 1 - oldest)]
    }
}
