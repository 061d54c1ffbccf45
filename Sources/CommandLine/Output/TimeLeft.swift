import Controller

/// How long it is until a moment, in the two largest units, as kubectl tells ages.
enum TimeLeft {
    /// `ended` for one that is over; empty for none.
    static func text(until time: String?, now: Int) -> String {
        guard let time, let end = Kubernetes.Timestamp(time)?.secondsSinceEpoch else { return "" }
        let seconds = end - now
        guard seconds > 0 else { return "ended" }
        switch seconds {
        case ..<120: return "\(seconds)s"
        case ..<7200: return "\(seconds / 60)m"
        case ..<172_800: return "\(seconds / 3600)h" + (seconds % 3600 >= 60 ? "\(seconds / 60 % 60)m" : "")
        default: return "\(seconds / 86_400)d"
        }
    }
}
