/// How often something may happen: so many times at once, and so many a second in the long run.
package struct TokenBucket: Sendable {
    private let burst: UInt64
    private let nanosecondsPerToken: UInt64
    /// Tokens are counted in the time that they take to come back.
    private var spentNanoseconds: UInt64 = 0
    private var lastNanoseconds: UInt64 = 0

    /// - Parameters:
    ///   - burst: at least 1.
    ///   - perSecond: 1 to 1,000,000,000.
    package init(burst: UInt64, perSecond: UInt64) {
        self.burst = burst
        nanosecondsPerToken = 1_000_000_000 / perSecond
    }

    /// Takes a token; false when there is none.
    /// - Parameter nowNanoseconds: of a clock that does not go back; a time before the last one counts as that.
    package mutating func take(nowNanoseconds: UInt64) -> Bool {
        let now = max(nowNanoseconds, lastNanoseconds)
        spentNanoseconds -= min(spentNanoseconds, now - lastNanoseconds)
        lastNanoseconds = now
        guard spentNanoseconds + nanosecondsPerToken <= burst * nanosecondsPerToken else { return false }
        spentNanoseconds += nanosecondsPerToken
        return true
    }
}
