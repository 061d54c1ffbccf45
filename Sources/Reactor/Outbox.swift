/// Posts to a mailbox that may be full. What it does not take waits here, in order, and is posted a moment later.
///
/// What waits is bounded by whoever posts: by what one message supersedes, and by what is never posted twice. Owned by its
/// reactor; never crosses threads.
package final class Outbox<Message: Sendable> {
    private static var retryMilliseconds: UInt64 { 50 }

    private let mailbox: Mailbox<Message>
    private let reactor: Reactor
    private let supersedes: (Message, Message) -> Bool
    private let filled: () -> Void
    private var waiting: [Message] = []

    /// - Parameters:
    ///   - supersedes: whether the first message makes the second, which waits, unnecessary.
    ///   - filled: told when the mailbox takes no more, once until all that waits has been posted.
    package init(
        _ mailbox: Mailbox<Message>, on reactor: Reactor,
        supersedes: @escaping (Message, Message) -> Bool = { _, _ in false }, filled: @escaping () -> Void = {}
    ) {
        self.mailbox = mailbox
        self.reactor = reactor
        self.supersedes = supersedes
        self.filled = filled
    }

    package func post(_ message: Message) {
        if waiting.isEmpty {
            guard !mailbox.post(message) else { return }
            filled()
            retryLater()
        }
        waiting.removeAll { supersedes(message, $0) }
        waiting.append(message)
    }

    private func retryLater() {
        _ = reactor.after(milliseconds: Self.retryMilliseconds) { [weak self] in self?.retry() }
    }

    private func retry() {
        let taken = waiting.prefix { mailbox.post($0) }.count
        waiting.removeFirst(taken)
        if !waiting.isEmpty { retryLater() }
    }
}

@available(*, unavailable)
extension Outbox: Sendable {}
