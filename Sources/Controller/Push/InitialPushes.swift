/// How many proxies are given their first answers at a time. First answers are large, and after an interruption everybody
/// asks for one; those who wait are served in the order in which they came.
package struct InitialPushes<ID: Hashable & Sendable>: Sendable {
    private let limit: Int
    private var served: Set<ID> = []
    private var waiting: [ID] = []
    private var known: Set<ID> = []

    package init(limit: Int) {
        precondition(limit > 0, "nobody would ever be served")
        self.limit = limit
    }

    package var waitingCount: Int { waiting.count }

    package func isServed(_ id: ID) -> Bool { served.contains(id) }

    /// - Returns: whether it is served now.
    package mutating func ask(_ id: ID) -> Bool {
        guard !served.contains(id) else { return true }
        if served.count < limit, waiting.isEmpty {
            served.insert(id)
            return true
        }
        if known.insert(id).inserted { waiting.append(id) }
        return false
    }

    /// It has been served for long enough: others need not wait until it has taken everything.
    ///
    /// - Returns: who is served instead.
    package mutating func release(_ id: ID) -> ID? { served.contains(id) ? finish(id) : nil }

    /// It has taken its first answers, or is gone.
    ///
    /// - Returns: who is served instead.
    package mutating func finish(_ id: ID) -> ID? {
        guard served.remove(id) != nil else {
            if known.remove(id) != nil { waiting.removeAll { $0 == id } }
            return nil
        }
        guard !waiting.isEmpty else { return nil }
        let next = waiting.removeFirst()
        known.remove(next)
        served.insert(next)
        return next
    }
}
