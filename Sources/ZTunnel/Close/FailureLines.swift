import Reactor

/// Whether one more failed connection is worth a line of log. A peer can make thousands of them in a second, to fill a disk or
/// to hide what else it does: those that are left out are counted, and their number is told.
struct FailureLines {
    static let tellAfterMilliseconds: UInt64 = 1_000

    private var allowance = TokenBucket(burst: 2_000, perSecond: 500)
    private var omitted: UInt64 = 0

    mutating func admit(nowNanoseconds: UInt64) -> Bool {
        let isAdmitted = allowance.take(nowNanoseconds: nowNanoseconds)
        if !isAdmitted { omitted += 1 }
        return isAdmitted
    }

    /// So that only one report is on its way.
    var isFirstOmitted: Bool { omitted == 1 }

    mutating func takeOmitted() -> UInt64 {
        defer { omitted = 0 }
        return omitted
    }
}
