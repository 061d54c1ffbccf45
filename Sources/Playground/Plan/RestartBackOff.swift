/// How long to wait before something that ended is started again: longer each time, as long as it keeps ending early.
struct RestartBackOff: Hashable, Sendable {
    static let firstMilliseconds: UInt64 = 500
    static let limitMilliseconds: UInt64 = 30_000
    /// What ran this long is taken to be well, and starts from the first delay again.
    static let wellAfterMilliseconds: UInt64 = 20_000

    private var next = Self.firstMilliseconds

    init() {}

    mutating func delay(afterRunningMilliseconds ran: UInt64) -> UInt64 {
        if ran >= Self.wellAfterMilliseconds { next = Self.firstMilliseconds }
        defer { next = min(next * 2, Self.limitMilliseconds) }
        return next
    }
}
