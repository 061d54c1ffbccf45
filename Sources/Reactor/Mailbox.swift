import CLinux
import Glibc
import Synchronization

/// The one way into a reactor from another thread: values in order, and a wake-up. Any thread may post.
///
/// Bounded: a poster whose mailbox is full is told so and keeps its message.
package final class Mailbox<Message: Sendable>: Sendable {
    private struct State {
        var messages: [Message] = []
        var isClosed = false
    }

    package let capacity: Int
    private let state = Mutex(State())
    private let wake: Descriptor

    package init(capacity: Int) throws(Errno) {
        let raw = eventfd(0, CInt(EFD_NONBLOCK | EFD_CLOEXEC))
        guard raw >= 0 else { throw .last }
        wake = Descriptor(owning: raw)
        self.capacity = capacity
    }

    /// What the reactor watches.
    var wakeDescriptor: CInt { wake.raw }

    /// False when the mailbox is full, or nobody will read it again.
    @discardableResult
    package func post(_ message: Message) -> Bool {
        let (isTaken, wasEmpty) = state.withLock { state in
            guard !state.isClosed, state.messages.count < capacity else { return (false, false) }
            state.messages.append(message)
            return (true, state.messages.count == 1)
        }
        if wasEmpty { ring() }
        return isTaken
    }

    private func ring() {
        var one: UInt64 = 1
        _ = unsafe write(wake.raw, &one, 8)
    }

    /// Everything posted so far. The reactor's thread only.
    func collect() -> [Message] {
        var count: UInt64 = 0
        _ = unsafe read(wake.raw, &count, 8)
        return state.withLock { state in
            let messages = state.messages
            state.messages = []
            return messages
        }
    }

    func close() {
        state.withLock { state in
            state.isClosed = true
            state.messages = []
        }
    }
}
