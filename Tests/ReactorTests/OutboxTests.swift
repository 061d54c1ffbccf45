import Reactor
import Testing

struct OutboxTests {
    private final class Received { var values: [Int] = [] }

    @Test func `what a full mailbox does not take is posted later, all of it and in order`() throws {
        let (sender, receiver) = (Reactor(kernel: try LinuxKernel()), Reactor(kernel: try LinuxKernel()))
        let mailbox = try Mailbox<Int>(capacity: 2)
        let (received, filled) = (Received(), Received())
        try receiver.open(mailbox) { received.values.append($0) }
        let outbox = Outbox(mailbox, on: sender, filled: { filled.values.append(1) })
        for value in 0..<9 { outbox.post(value) }
        // Nobody has read yet; then each reads a little and sends a little.
        for _ in 0..<40 where received.values.count < 9 {
            _ = receiver.after(milliseconds: 1) {}
            try receiver.runOnce()
            _ = sender.after(milliseconds: 20) {}
            try sender.runOnce()
        }
        #expect(received.values == Array(0..<9))
        #expect(filled.values.count == 1)
        outbox.post(9)
        try receiver.runOnce()
        #expect(received.values.last == 9)
    }

    @Test func `what is superseded before it could be posted never is`() throws {
        let (sender, receiver) = (Reactor(kernel: try LinuxKernel()), Reactor(kernel: try LinuxKernel()))
        let mailbox = try Mailbox<Int>(capacity: 1)
        let received = Received()
        try receiver.open(mailbox) { received.values.append($0) }
        let outbox = Outbox(mailbox, on: sender, supersedes: { $0 % 10 == $1 % 10 })
        for value in [1, 2, 3, 12, 13, 22] { outbox.post(value) }
        for _ in 0..<40 where received.values.count < 3 {
            _ = receiver.after(milliseconds: 1) {}
            try receiver.runOnce()
            _ = sender.after(milliseconds: 20) {}
            try sender.runOnce()
        }
        #expect(received.values == [1, 13, 22])
    }
}
