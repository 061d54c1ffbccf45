import Reactor

/// Counts what failed, by where, whose doing it was, and why. Thread-confined while it counts, like `TrafficMetrics`.
///
/// Bounded by its labels, each of which is a word of a closed set.
package struct FailureMetrics: Sendable {
    /// A room of a connection, or a door of the control thread.
    package enum Place: Hashable, Sendable {
        case stage(ConnectionFailure.Stage)
        case admin, zds, xds

        fileprivate var label: String {
            switch self {
            case .stage(let stage): "\(stage)"
            case .admin: "admin"
            case .zds: "zds"
            case .xds: "xds"
            }
        }
    }

    package struct Labels: Hashable, Sendable {
        package let place: Place
        package let side: ConnectionFailure.Side
        package let reason: FailureReason
    }

    package private(set) var counts: [Labels: UInt64] = [:]

    package init() {}

    package mutating func count(_ failure: ConnectionFailure) {
        count(.stage(failure.stage), failure.side, failure.reason)
    }

    package mutating func count(_ place: Place, _ side: ConnectionFailure.Side, _ reason: FailureReason) {
        counts[Labels(place: place, side: side, reason: reason), default: 0] += 1
    }

    package mutating func add(_ other: FailureMetrics) { counts.merge(other.counts, uniquingKeysWith: +) }
}

extension OpenMetricsText {
    package mutating func write(_ failures: FailureMetrics) {
        let name = "slipstream_failures"
        family(name, .counter, help: "Connections, and requests of others, that failed")
        let samples = failures.counts.map { labels, count in
            let pairs = [
                (key: "stage", value: labels.place.label), (key: "side", value: "\(labels.side)"),
                (key: "reason", value: labels.reason.rawValue),
            ]
            return (text: Self.labels(pairs), count: count)
        }
        for sample in samples.sorted(by: { $0.text.lexicographicallyPrecedes($1.text) }) {
            self.sample(name, .counter, sample.text, sample.count)
        }
    }
}
