/// How often a time was how long, in buckets that double.
struct Histogram: Sendable {
    /// Upper ends, in seconds: from half a millisecond to half a minute.
    static let bounds = (0..<17).map { 0.0005 * Double(1 << $0) }

    private(set) var counts = [UInt64](repeating: 0, count: bounds.count + 1)
    private(set) var sumSeconds = 0.0

    mutating func record(_ duration: Duration) {
        let seconds = duration / .seconds(1)
        counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
        sumSeconds += seconds
    }
}
