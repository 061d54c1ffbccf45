import Mesh

/// Counts connections and bytes. Thread-confined while it counts: each reactor has one, and hands out copies to be
/// added up.
///
/// Bounded: when there are too many series, new ones count as one.
package struct TrafficMetrics: Sendable {
    private static let seriesMax = 4096
    private static let recentMax = 1024

    struct Series: Sendable {
        let labels: TrafficLabels
        var opened: UInt64 = 0
        var closed: UInt64 = 0
        var failed: UInt64 = 0
        var received: UInt64 = 0
        var sent: UInt64 = 0

        mutating func count(_ facts: ConnectionFacts) {
            received += facts.bytesReceived - facts.bytesCounted.received
            sent += facts.bytesSent - facts.bytesCounted.sent
        }
    }

    private(set) var series: [Series] = []
    package private(set) var failures = FailureMetrics()
    private var positions: [TrafficLabels: Int] = [:]
    private var recent: [Acquaintance: Recent] = [:]

    /// What tells labels apart without building them: entries are compared by identity.
    private struct Acquaintance: Hashable {
        let direction: ConnectionFacts.Direction
        let flags: ResponseFlags
        let isSecure: Bool
        let source, destination, service: ObjectIdentifier?

        /// Nil when the labels depend on more: a peer that is not who its address says, or one known by its baggage
        /// only.
        init?(_ facts: ConnectionFacts, _ flags: ResponseFlags) {
            isSecure = facts.security != nil
            guard facts.source != nil || facts.sourceBaggage == nil,
                !isSecure || facts.sourceIdentity == facts.source?.identity,
                !isSecure || facts.destinationIdentity == facts.destination?.identity
            else { return nil }
            direction = facts.direction
            self.flags = flags
            source = facts.source.map { ObjectIdentifier($0) }
            destination = facts.destination.map { ObjectIdentifier($0) }
            service = facts.service.map { ObjectIdentifier($0) }
        }
    }

    /// Keeps the entries alive, so that their identities mean nothing else.
    private struct Recent: Sendable {
        let position: Int
        let source, destination: WorkloadEntry?
        let service: ServiceEntry?
    }

    package init() {}

    // MARK: Counting

    /// Both ends of a connection were joined. Each call is followed by one of `closed`.
    package mutating func opened(_ facts: ConnectionFacts) {
        series[position(facts, .ok)].opened += 1
    }

    /// A connection has carried so much until now: what of it is not counted yet is, while the connection goes on.
    mutating func progressed(_ facts: inout ConnectionFacts) {
        series[position(facts, .ok)].count(facts)
        facts.bytesCounted = (facts.bytesReceived, facts.bytesSent)
    }

    /// A connection is over, whether it was established or not.
    package mutating func closed(_ summary: ConnectionSummary) {
        if let failure = summary.failure { failures.count(failure) }
        let position = position(summary.facts, summary.failure?.responseFlags ?? .ok)
        guard summary.wasEstablished else {
            series[position].failed += 1
            return
        }
        series[position].closed += 1
        series[position].count(summary.facts)
    }

    /// A client went before anything was known of it, not even its address.
    mutating func lostAtAccept() { failures.count(.stage(.accept), .downstream, .reset) }

    /// Lets go of the configuration that recent connections were known by.
    package mutating func configurationChanged() { recent = [:] }

    // MARK: Adding up

    package mutating func add(_ other: TrafficMetrics) {
        failures.add(other.failures)
        for counted in other.series {
            let position = position(counted.labels)
            series[position].opened += counted.opened
            series[position].closed += counted.closed
            series[position].failed += counted.failed
            series[position].received += counted.received
            series[position].sent += counted.sent
        }
    }

    // MARK: Finding

    private mutating func position(_ facts: ConnectionFacts, _ flags: ResponseFlags) -> Int {
        guard let acquaintance = Acquaintance(facts, flags) else { return position(TrafficLabels(facts, flags)) }
        if let known = recent[acquaintance] { return known.position }
        let position = position(TrafficLabels(facts, flags))
        if recent.count >= Self.recentMax { recent = [:] }
        recent[acquaintance] = Recent(
            position: position, source: facts.source, destination: facts.destination, service: facts.service)
        return position
    }

    private mutating func position(_ labels: TrafficLabels) -> Int {
        if let known = positions[labels] { return known }
        // The last place is kept for the overflow.
        guard series.count < Self.seriesMax - 1 || labels == .overflow else { return position(.overflow) }
        positions[labels] = series.count
        series.append(Series(labels: labels))
        return series.count - 1
    }
}
