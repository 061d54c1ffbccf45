import Reactor

/// A kernel whose answers a test writes down beforehand. Time moves only when a test or a wait moves it.
final class ScriptedKernel: Kernel {
    var now: UInt64 = 1_000_000_000
    /// What each wait returns, in order; when none is left a wait lasts as long as it may.
    var batches: [[(CInt, Readiness)]] = []
    var acceptances: [Acceptance] = []
    var lowestFreeDescriptor: CInt = 3
    private(set) var waits: [Int32?] = []
    private(set) var tokens: [CInt: Token] = [:]
    private(set) var acceptCount = 0
    /// Called before each batch is delivered.
    var onWait: () -> Void = {}

    func nanoseconds() -> UInt64 { now }

    func watch(_ descriptor: CInt, as token: Token) throws(Errno) { tokens[descriptor] = token }
    func unwatch(_ descriptor: CInt) { tokens[descriptor] = nil }

    func wait(timeoutMilliseconds: Int32?, _ body: (Token, Readiness) -> Void) throws(Errno) {
        waits.append(timeoutMilliseconds)
        onWait()
        guard !batches.isEmpty else {
            now += UInt64(timeoutMilliseconds ?? 0) * 1_000_000
            return
        }
        // Tokens as they are when the kernel looks: a descriptor closed later in the batch has its event already.
        let events = batches.removeFirst().map { (tokens[$0]!, $1) }
        for (token, readiness) in events { body(token, readiness) }
    }

    func accept(_ listener: CInt) -> Acceptance {
        acceptCount += 1
        return acceptances.isEmpty ? .wouldBlock : acceptances.removeFirst()
    }

    func hasDescriptor(below ceiling: CInt) -> Bool { lowestFreeDescriptor < ceiling }
}

/// Remembers what it was told, and does what a test says.
final class Handler: EventHandler, TurnHandler {
    private(set) var events: [Readiness] = []
    private(set) var turns = 0
    var onReady: () -> Void = {}
    var onTurn: () -> Void = {}

    func ready(_ readiness: Readiness) {
        events.append(readiness)
        onReady()
    }

    func turn() {
        turns += 1
        onTurn()
    }
}
