/// How many received bytes the applications of one pod may leave untaken.
///
/// A stream's window bounds what it can make us store, but a pod may have thousands of streams. When all that is stored for it
/// reaches the bound, those of its tunnels that store something are not read any further until its applications have taken a
/// quarter of it; meanwhile TCP holds their peers back. Thread-confined.
package final class StorageBudget {
    private let limit: Int
    private let exhausted: () -> Void
    /// Bytes.
    private(set) var stored = 0
    private(set) var isExhausted = false
    private var waiting: [ObjectIdentifier: Tunnel] = [:]

    /// - Parameters:
    ///   - limit: bytes.
    ///   - exhausted: called once for each time that the bound is reached.
    package init(limit: Int, exhausted: @escaping () -> Void = {}) {
        self.limit = limit
        self.exhausted = exhausted
    }

    func add(_ bytes: Int) {
        stored += bytes
        guard stored >= limit, !isExhausted else { return }
        isExhausted = true
        exhausted()
    }

    func remove(_ bytes: Int) {
        stored -= bytes
        guard isExhausted, stored <= limit / 4 * 3 else { return }
        isExhausted = false
        let tunnels = waiting.values
        waiting = [:]
        for tunnel in tunnels { tunnel.readAgain() }
    }

    /// Whether a tunnel must stop reading. It is told when it may go on.
    func holdsUp(_ tunnel: Tunnel) -> Bool {
        guard isExhausted else { return false }
        waiting[ObjectIdentifier(tunnel)] = tunnel
        return true
    }

    func forget(_ tunnel: Tunnel) { waiting[ObjectIdentifier(tunnel)] = nil }
}

@available(*, unavailable)
extension StorageBudget: Sendable {}
