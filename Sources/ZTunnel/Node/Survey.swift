/// A question to all workers, one at a time, and what each said last. A pure value.
///
/// A worker that does not answer in time stands with its last answer: a counter that fell because one was busy would look like
/// one that began anew.
struct Survey {
    /// Far longer than a turn of a worker takes, and less than whoever asks is willing to wait.
    static let timeoutMilliseconds: UInt64 = 2000

    private var awaited: Set<Int> = []
    private var id: UInt64 = 0
    private var last: [Int: WorkerState] = [:]

    /// Begins a question; its id goes to each worker and comes back with the answer. Nil when one is open: its answers are new enough.
    mutating func begin(_ workers: Range<Int>) -> UInt64? {
        guard awaited.isEmpty else { return nil }
        awaited = Set(workers)
        id += 1
        return id
    }

    /// True when that was the last answer to the open question. One that comes too late still counts for the next.
    mutating func answered(_ worker: Int, _ id: UInt64, _ state: WorkerState) -> Bool {
        last[worker] = state
        guard id == self.id else { return false }
        return awaited.remove(worker) != nil && awaited.isEmpty
    }

    /// The time for a question is over: which workers have not answered; nil when all had.
    mutating func overdue(_ id: UInt64) -> [Int]? {
        guard id == self.id, !awaited.isEmpty else { return nil }
        defer { awaited = [] }
        return awaited.sorted()
    }

    /// By worker.
    var states: [WorkerState] { last.sorted { $0.key < $1.key }.map(\.value) }
}
