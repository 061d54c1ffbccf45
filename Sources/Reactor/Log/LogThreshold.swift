import Synchronization

/// From which level on lines are written. It may change while the program runs; any thread may ask and set it.
package final class LogThreshold: Sendable {
    /// A place in `LogLine.Level.allCases`.
    private let place: Atomic<Int>

    package init(_ level: LogLine.Level) { place = Atomic(level.place) }

    package func set(_ level: LogLine.Level) { place.store(level.place, ordering: .relaxed) }

    func admits(_ level: LogLine.Level) -> Bool { level.place <= place.load(ordering: .relaxed) }
}

extension LogLine.Level {
    fileprivate var place: Int {
        switch self {
        case .error: 0
        case .warn: 1
        case .info: 2
        case .debug: 3
        case .trace: 4
        }
    }
}
