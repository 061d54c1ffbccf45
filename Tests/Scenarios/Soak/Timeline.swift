/// What one caller may expect of one server over time: what policy says, and when it began to.
struct Timeline {
    enum Verdict: Equatable {
        case admitted, refused
        /// One of the documented moments in which either may happen.
        case either
    }

    /// How long after it is published a change is in force everywhere. The machine may be busy.
    static let marginSeconds = 2.5

    private var changes: [(seconds: Double, verdict: Verdict)]

    init(_ verdict: Verdict) { changes = [(0, verdict)] }

    /// From now on, by the machine's monotonic clock.
    mutating func change(to verdict: Verdict, at seconds: Double) {
        guard verdict != changes.last?.verdict else { return }
        changes.append((seconds, verdict))
    }

    /// What a question that was under way between these seconds must have met; `either` when something changed around then.
    func verdict(from begun: Double, to ended: Double) -> Verdict {
        let before = changes.last { $0.seconds <= begun - Self.marginSeconds }
        let within = changes.filter { $0.seconds > begun - Self.marginSeconds && $0.seconds <= ended }
        guard let before, within.allSatisfy({ $0.verdict == before.verdict }) else { return .either }
        return before.verdict
    }
}
