import Controller
import Reactor

/// Carries what is new to a sink: the first change at once, and then so seldom that a count which moves with each proxy is
/// written a few times a second.
struct SinkFeed: Sendable {
    let distribution: Distribution
    let sink: any WorldSink
    let log: Log

    private static let interval = Duration.milliseconds(250)
    /// Of one core, at most a fifth goes into statuses.
    private static let idleShare = 4
    private static let retryInterval = Duration.seconds(2)

    func run() async {
        var unwritten = StatusBook.Changes()
        var isWhole = true
        let ticks = await distribution.statusTicks()
        for await _ in ticks {
            let start = ContinuousClock.now
            while let changes = await distribution.takeStatusChanges() { unwritten.merge(changes) }
            do {
                if isWhole || !unwritten.isEmpty { try await sink.put(unwritten, isWhole: isWhole) }
                unwritten = StatusBook.Changes()
                isWhole = false
                try await Task.sleep(for: max(Self.interval, start.duration(to: .now) * Self.idleShare))
            } catch {
                if Task.isCancelled { return }
                log.error("status", "cannot be written", ["error": "\(error)"])
                try? await Task.sleep(for: Self.retryInterval)
                await distribution.tickStatuses()
            }
        }
    }
}
