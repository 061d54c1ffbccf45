package import Reactor
import Mesh

/// Writes one line for each connection that is over, in Istio's fields and some of our own. Thread-confined: each
/// reactor has one, with a line whose memory is used again.
package struct AccessLog {
    private var line: LogLine
    private let sink: LogSink

    package init(format: LogLine.Format, sink: LogSink) {
        line = LogLine(format)
        self.sink = sink
    }

    package mutating func write(_ summary: ConnectionSummary, timeMicroseconds: Int64) {
        line.write(summary, timeMicroseconds: timeMicroseconds)
        sink.write(line.bytes)
    }
}

extension LogLine {
    package mutating func write(_ summary: ConnectionSummary, timeMicroseconds: Int64) {
        let isEarly = summary.failure != nil && !summary.wasEstablished
        begin(
            isEarly ? .warn : summary.failure == nil ? .info : .error, scope: "access",
            message: isEarly ? "connection failed" : "connection complete", timeMicroseconds: timeMicroseconds)
        writeEnds(summary.facts)
        field("direction", summary.facts.direction.rawValue)
        field("bytes_sent", summary.facts.bytesSent)
        field("bytes_recv", summary.facts.bytesReceived)
        field("duration", milliseconds: summary.durationNanoseconds / 1_000_000)
        writeSecurity(summary.facts)
        writePolicy(summary.facts)
        if let failure = summary.failure { field("error", failure.description) }
        end()
    }

    private mutating func writeEnds(_ facts: ConnectionFacts) {
        field("src.addr", facts.client)
        if let source = facts.source?.workload {
            field("src.workload", source.name)
            field("src.namespace", source.namespace)
        } else if let baggage = facts.sourceBaggage {
            if let name = baggage.workloadName { field("src.workload", name) }
            if let namespace = baggage.namespace { field("src.namespace", namespace) }
        }
        if let identity = facts.sourceIdentity { field("src.identity", identity) }
        if let cluster = facts.source?.workload.clusterID ?? facts.sourceBaggage?.cluster {
            field("src.cluster", cluster)
        }
        if let server = facts.server { field("dst.addr", server) }
        switch facts.authority {
        case .address(let address): field("dst.hbone_addr", address)
        case .hostname(let name, let port): field("dst.hbone_addr", "\(name):\(port)")
        case nil: break
        }
        if let service = facts.service?.service { field("dst.service", service.hostname) }
        if let destination = facts.destination?.workload {
            field("dst.workload", destination.name)
            field("dst.namespace", destination.namespace)
        }
        if let identity = facts.destinationIdentity { field("dst.identity", identity) }
        if let destination = facts.destination?.workload { field("dst.cluster", destination.clusterID) }
    }

    private mutating func writeSecurity(_ facts: ConnectionFacts) {
        guard let security = facts.security else { return }
        field("tls.version", security.version)
        field("tls.cipher", security.cipher)
    }

    /// A line stays a line, however many policies a workload has.
    private static let refusingPoliciesMax = 4

    private mutating func writePolicy(_ facts: ConnectionFacts) {
        guard let decision = facts.decision else { return }
        if let policy = decision.policy {
            field("policy", policy)
        } else if decision.outcome == .noneAllowed,
            let refusing = facts.policies?.allowing(limit: Self.refusingPoliciesMax), !refusing.isEmpty
        {
            field("policy", refusing.map(\.description).joined(separator: ","))
        }
        if let rule = decision.rule { field("policy.rule", UInt(rule)) }
        writeReason(decision)
        if let nearest = facts.nearestRule { field("policy.nearest", nearest.description) }
        if let rule = decision.dryRunDenial { field("policy.dry_run", "would be denied by: \(rule.policy)") }
        switch decision.dryRunAllowance {
        case .notAsked: break
        case .allowed(let rule): field("policy.dry_run_allow", "would be allowed by: \(rule.policy)")
        case .noneAllowed: field("policy.dry_run_allow", "no allow policy in dry-run would allow")
        }
    }

    /// `decision.reason`, without making it first.
    private mutating func writeReason(_ decision: AuthorizationDecision) {
        switch decision.outcome {
        case .allowed(let rule): field("policy.reason", "allowed by: ", rule.policy)
        case .denied(let rule): field("policy.reason", "explicitly denied by: ", rule.policy)
        case .unrestricted, .noneAllowed, .missing, .broken, .brokenWorkload: field("policy.reason", decision.reason)
        }
    }
}
