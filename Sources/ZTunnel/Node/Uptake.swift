/// Which configuration each worker carries by, and who waits for all of them. Workers take configurations in order; one that is
/// slow, or stopped, holds up everybody who waits. A pure value.
struct Uptake {
    /// Of the configuration that was given out last; 0 for none.
    private(set) var version: UInt64 = 0
    private var workers: [UInt64] = []
    private var waiting: [(version: UInt64, inForce: () -> Void)] = []

    /// Gives out the next configuration to so many workers.
    mutating func begin(_ count: Int, _ inForce: @escaping () -> Void) -> UInt64 {
        if workers.isEmpty { workers = Array(repeating: 0, count: count) }
        version += 1
        waiting.append((version, inForce))
        return version
    }

    /// Waits for what was given out last.
    mutating func await(_ inForce: @escaping () -> Void) { waiting.append((version, inForce)) }

    /// A worker carries by this one, and has judged its open connections by it: who is to be told, in order.
    mutating func reached(_ worker: Int, _ version: UInt64) -> [() -> Void] {
        workers[worker] = max(workers[worker], version)
        let everywhere = workers.min() ?? 0
        let told = waiting.prefix { $0.version <= everywhere }
        waiting.removeFirst(told.count)
        return told.map(\.inForce)
    }
}
