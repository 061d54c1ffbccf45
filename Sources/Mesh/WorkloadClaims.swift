/// The workloads that claim one address, name or hostname, the best first. There is always one, and seldom another.
enum WorkloadClaims: Sendable {
    case one(WorkloadEntry)
    case several([WorkloadEntry])

    var best: WorkloadEntry {
        switch self {
        case .one(let entry): return entry
        case .several(let entries): return entries[0]
        }
    }

    private var all: [WorkloadEntry] {
        switch self {
        case .one(let entry): return [entry]
        case .several(let entries): return entries
        }
    }

    func adding(_ entry: WorkloadEntry) -> WorkloadClaims {
        .several((all + [entry]).sorted { $0.precedes($1) })
    }

    /// Nil when nobody is left.
    func removing(uid: String) -> WorkloadClaims? {
        let rest = all.filter { $0.workload.uid != uid }
        return rest.count > 1 ? .several(rest) : rest.first.map { .one($0) }
    }
}
