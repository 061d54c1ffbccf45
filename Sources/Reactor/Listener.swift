import Glibc

/// A listening socket on a reactor: hands over each connection it accepts.
///
/// When descriptors or memory run out it stops accepting for a while instead of spinning or dying; the kernel's backlog
/// holds the waiting clients meanwhile. Of descriptors it leaves some for what it has accepted, which needs more of them.
package final class Listener: EventHandler, TurnHandler {
    /// A crowd at one door must not keep others waiting: so many are taken in one turn, the rest in the next.
    private static let acceptsPerTurn = 64
    private static let backOffMilliseconds: UInt64 = 50

    private let reactor: Reactor
    private let ceiling: CInt
    private let accepted: (consuming Descriptor) -> Void
    private let exhausted: (Errno) -> Void
    private var socket: Descriptor?
    private var token: Token?
    private var isScheduled = false
    private var isBackingOff = false
    private var isPaused = false

    /// - Parameters:
    ///   - ceiling: from this descriptor on accepting pauses.
    ///   - accepted: called with each connection, non-blocking and close-on-exec.
    ///   - exhausted: called each time that accepting has to pause, or to go on pausing, with the reason.
    package init(
        _ socket: consuming Descriptor, on reactor: Reactor, ceiling: CInt = .max,
        exhausted: @escaping (Errno) -> Void, accepted: @escaping (consuming Descriptor) -> Void
    ) throws(Errno) {
        self.reactor = reactor
        self.ceiling = ceiling
        self.accepted = accepted
        self.exhausted = exhausted
        let raw = socket.raw
        self.socket = consume socket
        token = try reactor.watch(raw, for: self)
    }

    /// Stops listening at once; what the backlog holds is refused by the kernel.
    package func close() {
        if let token { reactor.forget(token) }
        token = nil
        socket = nil
    }

    /// Accepts nothing until `resume`: clients wait in the kernel's backlog.
    package func pause() { isPaused = true }

    package func resume() {
        guard isPaused else { return }
        isPaused = false
        // The edge may have passed meanwhile.
        schedule()
    }

    package func ready(_ readiness: Readiness) {
        guard !isScheduled, !isBackingOff else { return }
        acceptSome()
    }

    package func turn() {
        isScheduled = false
        acceptSome()
    }

    private func schedule() {
        guard !isScheduled, !isBackingOff else { return }
        isScheduled = true
        reactor.schedule(self)
    }

    private func acceptSome() {
        for _ in 0..<Self.acceptsPerTurn {
            guard !isPaused, let raw = socket?.raw else { return }
            switch reactor.kernel.accept(raw) {
            case .accepted(let descriptor):
                accepted(Descriptor(owning: descriptor))
                if descriptor >= ceiling { return backOff(.tooManyDescriptors) }
            case .wouldBlock: return
            case .gone: continue
            case .failed(let failure): return backOff(failure)
            }
        }
        schedule()
    }

    private func backOff(_ failure: Errno) {
        isBackingOff = true
        exhausted(failure)
        _ = reactor.after(milliseconds: Self.backOffMilliseconds) { [weak self] in self?.lookAgain() }
    }

    private func lookAgain() {
        isBackingOff = false
        guard socket != nil else { return }
        guard ceiling == .max || reactor.kernel.hasDescriptor(below: ceiling) else {
            return backOff(.tooManyDescriptors)
        }
        acceptSome()
    }
}
