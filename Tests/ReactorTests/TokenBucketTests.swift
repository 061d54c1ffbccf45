import Reactor
import Testing

struct TokenBucketTests {
    private static let second: UInt64 = 1_000_000_000

    /// What a bucket says at each of these times.
    private func answers(burst: UInt64, perSecond: UInt64, at times: [UInt64]) -> [Bool] {
        var bucket = TokenBucket(burst: burst, perSecond: perSecond)
        return times.map { bucket.take(nowNanoseconds: $0) }
    }

    @Test func `so many at once, and no more`() {
        let times = [UInt64](repeating: Self.second, count: 5)
        #expect(answers(burst: 3, perSecond: 10, at: times) == [true, true, true, false, false])
    }

    @Test func `tokens come back with time, one by one, up to the burst`() {
        let second = Self.second
        let spent = [UInt64](repeating: second, count: 3)
        let oneByOne = [second + 99_999_999, second + 100_000_000, second + 100_000_000]
        let muchLater = [UInt64](repeating: 100 * second, count: 4)
        #expect(
            answers(burst: 3, perSecond: 10, at: spent + oneByOne + muchLater).dropFirst(3)
                == [false, true, false, true, true, true, false])
    }

    @Test func `a clock that goes back gives nothing`() {
        #expect(
            answers(burst: 1, perSecond: 1, at: [10 * Self.second, 0, 10 * Self.second + 1]) == [true, false, false])
    }
}
