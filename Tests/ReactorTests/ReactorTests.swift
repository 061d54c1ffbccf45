import Glibc
import Reactor
import Testing

struct ReactorTests {
    private let kernel = ScriptedKernel()
    private let reactor: Reactor

    init() { reactor = Reactor(kernel: kernel) }

    @Test func `an event reaches the handler of its descriptor`() throws {
        let (first, second) = (Handler(), Handler())
        _ = try reactor.watch(10, for: first)
        _ = try reactor.watch(11, for: second)
        kernel.batches = [[(11, .readable)]]
        try reactor.runOnce()
        #expect(first.events.isEmpty)
        #expect(second.events == [.readable])
    }

    @Test func `an event for a descriptor that was closed earlier in the same batch is dropped`() throws {
        let (closer, closed, successor) = (Handler(), Handler(), Handler())
        _ = try reactor.watch(10, for: closer)
        let token = try reactor.watch(11, for: closed)
        closer.onReady = { [reactor] in
            reactor.forget(token)
            // The kernel gives the number out again, and the reactor the place.
            _ = try? reactor.watch(11, for: successor)
        }
        kernel.batches = [[(10, .readable), (11, .readable)]]
        try reactor.runOnce()
        #expect(closed.events.isEmpty)
        #expect(successor.events.isEmpty)
    }

    @Test func `a registration that is handed over keeps its events coming`() throws {
        let (first, second) = (Handler(), Handler())
        let token = try reactor.watch(10, for: first)
        reactor.hand(token, to: second)
        kernel.batches = [[(10, .writable)]]
        try reactor.runOnce()
        #expect(first.events.isEmpty)
        #expect(second.events == [.writable])
    }

    @Test func `forgetting twice frees one place`() throws {
        let token = try reactor.watch(10, for: Handler())
        reactor.forget(token)
        reactor.forget(token)
        #expect(reactor.watchedCount == 0)
        _ = try reactor.watch(10, for: Handler())
        _ = try reactor.watch(11, for: Handler())
        #expect(reactor.watchedCount == 2)
    }

    @Test func `a timer fires at its time, not before, and the wait is no longer than that`() throws {
        var firings = 0
        _ = reactor.after(milliseconds: 100) { firings += 1 }
        kernel.batches = [[]]
        kernel.onWait = { [kernel] in kernel.now += 50_000_000 }
        try reactor.runOnce()
        #expect(firings == 0)
        kernel.onWait = {}
        try reactor.runOnce()
        #expect(firings == 1)
        let waits = kernel.waits.compactMap { $0 }
        #expect(waits.count == 2)
        #expect(waits.allSatisfy { (40...108).contains($0) })
    }

    @Test func `a cancelled timer never fires`() throws {
        var firings = 0
        let timer = reactor.after(milliseconds: 10) { firings += 1 }
        reactor.cancel(timer)
        reactor.cancel(timer)
        kernel.now += 1_000_000_000
        kernel.batches = [[]]
        try reactor.runOnce()
        #expect(firings == 0)
    }

    @Test func `of two timers that are due together the first may cancel the second`() throws {
        var second: Reactor.TimerID?
        var firings: [String] = []
        // Due together after a long pause, whichever comes first of the two.
        let first = reactor.after(milliseconds: 20) { [reactor] in
            firings.append("first")
            reactor.cancel(second!)
        }
        second = reactor.after(milliseconds: 40) { [reactor] in
            firings.append("second")
            reactor.cancel(first)
        }
        kernel.now += 1_000_000_000
        kernel.batches = [[]]
        try reactor.runOnce()
        #expect(firings == ["first"])
    }

    @Test func `a timer that is set after a long sleep counts from then`() throws {
        var firings = 0
        let handler = Handler()
        _ = try reactor.watch(10, for: handler)
        handler.onReady = { [reactor] in _ = reactor.after(milliseconds: 2_000) { firings += 1 } }
        kernel.onWait = { [kernel] in kernel.now += 3_000_000_000 }
        kernel.batches = [[(10, .readable)]]
        try reactor.runOnce()
        kernel.onWait = {}
        kernel.batches = [[]]
        try reactor.runOnce()
        #expect(firings == 0)
    }

    @Test func `a turn comes after the events of its batch, and what it schedules after the next look`() throws {
        let handler = Handler()
        let other = Handler()
        _ = try reactor.watch(10, for: handler)
        _ = try reactor.watch(11, for: other)
        var order: [String] = []
        handler.onReady = { [reactor] in
            order.append("event")
            reactor.schedule(handler)
        }
        other.onReady = { order.append("other event") }
        handler.onTurn = { [reactor] in
            order.append("turn")
            if handler.turns < 3 { reactor.schedule(handler) }
        }
        kernel.batches = [[(10, .readable), (11, .readable)], [(11, .readable)], []]
        for _ in 0..<3 { try reactor.runOnce() }
        #expect(order == ["event", "other event", "turn", "other event", "turn", "turn"])
        // With work scheduled nobody sleeps.
        #expect(kernel.waits == [nil, 0, 0])
    }

    @Test func `turns are short while somebody has little to do, and only then`() throws {
        var (quiet, loud) = (Reactor.Pace(), Reactor.Pace())
        let whole = reactor.turnBytes
        reactor.moved(whole, &loud)
        #expect(reactor.turnBytes == whole)
        reactor.moved(100, &quiet)
        #expect(reactor.turnBytes <= whole / 4)
        // Who moves much has small turns in between, and nobody needs to make haste for that.
        try pass(milliseconds: 90)
        reactor.moved(whole, &loud)
        try pass(milliseconds: 20)
        reactor.moved(100, &loud)
        reactor.moved(0, &quiet)
        #expect(reactor.turnBytes == whole)
    }

    private func pass(milliseconds: UInt64) throws {
        kernel.now += milliseconds * 1_000_000
        _ = reactor.after(milliseconds: 0) {}
        try reactor.runOnce()
    }
}

struct ListenerTests {
    private let kernel = ScriptedKernel()
    private let reactor: Reactor

    init() { reactor = Reactor(kernel: kernel) }

    private func null() -> CInt { open("/dev/null", O_RDONLY | O_CLOEXEC) }

    @Test func `a listener takes what waits until nothing is left`() throws {
        var taken = 0
        let descriptor = null()
        let listener = try Listener(Descriptor(owning: descriptor), on: reactor, exhausted: { _ in }) { _ in taken += 1
        }
        kernel.acceptances = [.accepted(descriptor: null()), .gone, .accepted(descriptor: null()), .wouldBlock]
        kernel.batches = [[(descriptor, .readable)]]
        try reactor.runOnce()
        #expect(taken == 2)
        listener.close()
    }

    @Test func `out of descriptors it pauses, says so once, and goes on`() throws {
        var taken = 0
        var failures: [Errno] = []
        let descriptor = null()
        let listener = try Listener(Descriptor(owning: descriptor), on: reactor, exhausted: { failures.append($0) }) {
            _ in
            taken += 1
        }
        kernel.acceptances = [.failed(.tooManyDescriptors)]
        kernel.batches = [[(descriptor, .readable)], [(descriptor, .readable)]]
        try reactor.runOnce()
        try reactor.runOnce()
        #expect(failures == [.tooManyDescriptors])
        #expect(kernel.acceptCount == 1)
        kernel.acceptances = [.accepted(descriptor: null())]
        try reactor.runOnce()
        #expect(taken == 1)
        listener.close()
    }

    @Test func `near the last descriptor it pauses, so that what was accepted finds some, until there are enough`()
        throws
    {
        var taken = 0
        var failures: [Errno] = []
        let descriptor = null()
        let accepted = null()
        let listener = try Listener(
            Descriptor(owning: descriptor), on: reactor, ceiling: accepted, exhausted: { failures.append($0) }
        ) { _ in taken += 1 }
        kernel.acceptances = [.accepted(descriptor: accepted)]
        kernel.batches = [[(descriptor, .readable)]]
        try reactor.runOnce()
        #expect(taken == 1 && failures == [.tooManyDescriptors])
        kernel.lowestFreeDescriptor = accepted
        try reactor.runOnce()
        #expect(taken == 1 && failures.count == 2)
        kernel.lowestFreeDescriptor = accepted - 1
        kernel.acceptances = [.wouldBlock]
        try reactor.runOnce()
        #expect(kernel.acceptCount == 2)
        listener.close()
    }

    @Test func `a crowd does not keep others from their turn`() throws {
        var taken = 0
        var takenBeforeOther = 0
        let descriptor = null()
        let other = Handler()
        _ = try reactor.watch(4711, for: other)
        let listener = try Listener(Descriptor(owning: descriptor), on: reactor, exhausted: { _ in }) { _ in taken += 1
        }
        other.onReady = { takenBeforeOther = taken }
        kernel.acceptances = (0..<100).map { _ in .accepted(descriptor: null()) }
        kernel.batches = [[(descriptor, .readable), (4711, .readable)]]
        try reactor.runOnce()
        #expect(takenBeforeOther == 64)
        #expect(taken == 100)
        listener.close()
    }
}

struct MailboxTests {
    @Test(.timeLimit(.minutes(1))) func `messages from another thread arrive in order`() throws {
        let reactor = Reactor(kernel: try LinuxKernel())
        let mailbox = try Mailbox<Int>(capacity: 100_000)
        var received: [Int] = []
        try reactor.open(mailbox) { message in
            received.append(message)
            if message == 9_999 { reactor.stop() }
        }
        let thread = try KernelThread(named: "poster") { for message in 0..<10_000 { mailbox.post(message) } }
        try reactor.run()
        thread.join()
        #expect(received == Array(0..<10_000))
    }

    @Test func `a full mailbox says so`() throws {
        let mailbox = try Mailbox<Int>(capacity: 2)
        #expect(mailbox.post(1))
        #expect(mailbox.post(2))
        #expect(!mailbox.post(3))
    }
}
