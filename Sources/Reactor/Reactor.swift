/// Something that a descriptor belongs to.
package protocol EventHandler: AnyObject {
    /// Told once per edge; see `Readiness`.
    func ready(_ readiness: Readiness)
}

/// Something that has work to do once all events of a batch have been seen.
package protocol TurnHandler: AnyObject {
    func turn()
}

/// One thread's loop: descriptors, timers, mailboxes, and what they set in motion.
///
/// Thread-confined: everything it holds was made on its thread and never leaves it; what comes from other threads comes by
/// `Mailbox`. A batch goes: events, timers, then each `TurnHandler` that was scheduled, once. What a turn schedules runs
/// after the next look at the kernel, so that nobody who always has work keeps others from theirs.
package final class Reactor {
    private struct Slot {
        var handler: (any EventHandler)?
        var generation: UInt32 = 0
    }

    /// Timers fire within this of their time.
    package static let tickNanoseconds: UInt64 = 8_000_000

    private static let longestTimerMilliseconds: UInt64 = 366 * 86_400_000

    package let kernel: any Kernel
    /// The monotonic clock as it was when this batch began.
    package private(set) var nowNanoseconds: UInt64

    private var slots: ContiguousArray<Slot> = []
    private var freeSlots: [UInt32] = []
    private var timers: TimerWheel<Timer>
    private var agenda: [any TurnHandler] = []
    private var agendaInTurn: [any TurnHandler] = []
    private var isRunning = false
    /// When somebody last had little to do.
    private var lastLightNanoseconds: UInt64 = 0

    package init(kernel: any Kernel) {
        self.kernel = kernel
        nowNanoseconds = kernel.nanoseconds()
        timers = TimerWheel(tick: nowNanoseconds / Self.tickNanoseconds)
    }

    // MARK: Descriptors

    /// Watches a descriptor from now on. Its owner calls `forget` before it closes it.
    package func watch(_ descriptor: CInt, for handler: any EventHandler) throws(Errno) -> Token {
        let index = freeSlots.popLast() ?? newSlot()
        let token = Token(index: index, generation: slots[Int(index)].generation)
        do {
            try kernel.watch(descriptor, as: token)
        } catch {
            freeSlots.append(index)
            throw error
        }
        slots[Int(index)].handler = handler
        return token
    }

    /// From now on its events go to another handler.
    package func hand(_ token: Token, to handler: any EventHandler) {
        precondition(slots[Int(token.index)].generation == token.generation, "a token used after it was forgotten")
        slots[Int(token.index)].handler = handler
    }

    /// Its descriptor is about to be closed, which takes it out of epoll: no further event reaches the handler.
    package func forget(_ token: Token) {
        guard slots[Int(token.index)].generation == token.generation else { return }
        slots[Int(token.index)].handler = nil
        slots[Int(token.index)].generation &+= 1
        freeSlots.append(token.index)
    }

    package var watchedCount: Int { slots.count - freeSlots.count }

    private func newSlot() -> UInt32 {
        slots.append(Slot())
        return UInt32(slots.count - 1)
    }

    // MARK: Timers

    /// What a timer does, until it has done it or is cancelled. Of timers that are due together one may cancel another.
    package final class Timer {
        fileprivate var action: (() -> Void)?
        fileprivate init(_ action: @escaping () -> Void) { self.action = action }
    }

    package struct TimerID {
        fileprivate let place: TimerWheel<Timer>.ID
        fileprivate let timer: Timer
    }

    /// - Parameter milliseconds: at most a year.
    package func after(milliseconds: UInt64, _ action: @escaping () -> Void) -> TimerID {
        let deadline = nowNanoseconds + min(milliseconds, Self.longestTimerMilliseconds) * 1_000_000
        let timer = Timer(action)
        // Rounded up: a timer never fires early.
        let place = timers.set(timer, at: (deadline + Self.tickNanoseconds - 1) / Self.tickNanoseconds)
        return TimerID(place: place, timer: timer)
    }

    package func cancel(_ id: TimerID) {
        id.timer.action = nil
        timers.cancel(id.place)
    }

    // MARK: Turns

    /// Calls `turn` once, after the events of this batch. The handler remembers by itself that it is scheduled.
    package func schedule(_ handler: any TurnHandler) { agenda.append(handler) }

    /// What one turn moves at most, each way: much, as long as nobody waits who has little to do.
    package var turnBytes: Int {
        nowNanoseconds &- lastLightNanoseconds < Self.sharingNanoseconds ? Self.sharedTurnBytes : Self.wholeTurnBytes
    }

    /// A few milliseconds' work, with the packets' way through the kernel in it.
    package static let wholeTurnBytes = 512 * 1024
    private static let sharedTurnBytes = 64 * 1024
    /// Who asks and is answered is heard of more often than this.
    private static let sharingNanoseconds: UInt64 = 100_000_000

    /// How much somebody moves, turn by turn.
    package struct Pace {
        fileprivate var lastHeavyNanoseconds: UInt64 = 0
        package init() {}
    }

    /// A turn is over that moved so much. Whoever moved much has waits of its own making, and needs no haste from others.
    package func moved(_ bytes: Int, _ pace: inout Pace) {
        guard bytes < Self.sharedTurnBytes else {
            pace.lastHeavyNanoseconds = nowNanoseconds
            return
        }
        guard bytes > 0, nowNanoseconds &- pace.lastHeavyNanoseconds >= Self.sharingNanoseconds else { return }
        lastLightNanoseconds = nowNanoseconds
    }

    // MARK: Mail

    /// Reads a mailbox on this thread from now on.
    package func open<Message>(
        _ mailbox: Mailbox<Message>, _ receive: @escaping (Message) -> Void
    ) throws(Errno) {
        let reader = MailReader(mailbox: mailbox, receive: receive)
        _ = try watch(mailbox.wakeDescriptor, for: reader)
    }

    // MARK: The loop

    /// Runs until `stop`.
    package func run() throws(Errno) {
        isRunning = true
        while isRunning { try runOnce() }
    }

    package func stop() { isRunning = false }

    /// One batch; waits for it no longer than the next timer, and not at all when something is scheduled.
    package func runOnce() throws(Errno) {
        var isAwake = false
        try kernel.wait(timeoutMilliseconds: agenda.isEmpty ? millisecondsToNextTimer() : 0) { token, readiness in
            if !isAwake {
                // What is set from now on counts from now, not from when this thread fell asleep.
                isAwake = true
                nowNanoseconds = kernel.nanoseconds()
            }
            let slot = slots[Int(token.index)]
            guard slot.generation == token.generation else { return }
            slot.handler?.ready(readiness)
        }
        nowNanoseconds = kernel.nanoseconds()
        for timer in timers.advance(to: nowNanoseconds / Self.tickNanoseconds) {
            let action = timer.action
            timer.action = nil
            action?()
        }
        runAgenda()
    }

    private func runAgenda() {
        guard !agenda.isEmpty else { return }
        swap(&agenda, &agendaInTurn)
        for handler in agendaInTurn { handler.turn() }
        agendaInTurn.removeAll(keepingCapacity: true)
    }

    private func millisecondsToNextTimer() -> Int32? {
        guard let tick = timers.nextTick else { return nil }
        let due = tick * Self.tickNanoseconds
        guard due > nowNanoseconds else { return 0 }
        return Int32(clamping: (due - nowNanoseconds + 999_999) / 1_000_000)
    }
}

@available(*, unavailable)
extension Reactor: Sendable {}

private final class MailReader<Message: Sendable>: EventHandler {
    private let mailbox: Mailbox<Message>
    private let receive: (Message) -> Void

    init(mailbox: Mailbox<Message>, receive: @escaping (Message) -> Void) {
        self.mailbox = mailbox
        self.receive = receive
    }

    deinit { mailbox.close() }

    func ready(_ readiness: Readiness) {
        for message in mailbox.collect() { receive(message) }
    }
}
