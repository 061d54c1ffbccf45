extension Condition {
    package static let enforcedType = "slipstream.io/Enforced"

    /// Enough laggards to begin with; who wants all asks the controller.
    private static let shownLaggards = 3

    /// `12/12 proxies`, and who is behind and why.
    package static func enforced(_ verdict: EnforcementVerdict, generation: Int?) -> Condition {
        if let obstacle = verdict.obstacle {
            return Condition(
                enforcedType, .isFalse, reason: obstacle.reason, message: obstacle.message,
                observedGeneration: generation)
        }
        var message = "\(verdict.enforcing)/\(verdict.total) proxies enforce version \(verdict.version.short)"
        if verdict.acknowledging > 0 { message += "; \(verdict.acknowledging) have only received it" }
        let shown = verdict.laggards.prefix(shownLaggards).map { "\($0.name) \($0.lag)" }
        if !shown.isEmpty { message += ": " + shown.joined(separator: "; ") }
        let rest = verdict.laggards.count - shown.count
        if rest > 0 { message += "; and \(rest) more" }
        return Condition(
            enforcedType, verdict.isEnforced ? .isTrue : .isFalse, reason: reason(verdict), message: message,
            observedGeneration: generation)
    }

    private static func reason(_ verdict: EnforcementVerdict) -> String {
        guard !verdict.isEnforced, let first = verdict.laggards.first else { return "Enforced" }
        return switch first.lag {
        case .rejected: "Rejected"
        case .disconnected: "ProxyDisconnected"
        case .absent: "ProxyAbsent"
        case .behind: "Pending"
        case .foreign: "OnlyReceived"
        }
    }
}
