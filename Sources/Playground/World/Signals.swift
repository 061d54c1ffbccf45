import Glibc
import Reactor

/// Signals on a reactor.
final class Signals: EventHandler {
    private let source: SignalSource
    private let received: (CInt) -> Void

    init(_ signals: [CInt], on reactor: Reactor, received: @escaping (CInt) -> Void) throws(Errno) {
        source = try SignalSource(signals)
        self.received = received
        _ = try reactor.watch(source.raw, for: self)
    }

    func ready(_ readiness: Readiness) {
        while let signal = source.next() { received(signal) }
    }
}
