import CLinux

/// A pipe through which the kernel moves bytes from one socket to another without showing them to us (splice(2)).
package struct PipePair: ~Copyable {
    private let source: Descriptor
    private let target: Descriptor
    /// In the pipe.
    package private(set) var count = 0

    package init() throws(Errno) {
        var ends: (CInt, CInt) = (-1, -1)
        let status = unsafe withUnsafeMutableBytes(of: &ends) { bytes in
            unsafe CLinux_pipe2(bytes.bindMemory(to: CInt.self).baseAddress!, CInt(O_NONBLOCK | O_CLOEXEC))
        }
        guard status == 0 else { throw .last }
        source = Descriptor(owning: ends.0)
        target = Descriptor(owning: ends.1)
    }

    package enum Outcome: Equatable {
        case moved(bytes: Int)
        case wouldBlock
        case ended
        case failed(Errno)
    }

    /// From a socket into the pipe.
    package mutating func fill(from socket: CInt, limit: Int) -> Outcome {
        let outcome = Self.splice(socket, target.raw, limit)
        if case .moved(let bytes) = outcome { count += bytes }
        return outcome
    }

    /// From the pipe into a socket.
    package mutating func drain(to socket: CInt) -> Outcome {
        let outcome = Self.splice(source.raw, socket, count)
        if case .moved(let bytes) = outcome { count -= bytes }
        return outcome
    }

    private static func splice(_ source: CInt, _ target: CInt, _ limit: Int) -> Outcome {
        let moved = CLinux_splice(source, target, limit, CLinux_SPLICE_F_MOVE_NONBLOCK())
        if moved > 0 { return .moved(bytes: moved) }
        if moved == 0 { return .ended }
        let failure = Errno.last
        return failure == .wouldBlock ? .wouldBlock : .failed(failure)
    }
}

/// Empty pipes that wait for their next use: making one costs more than what a small request carries. Thread-confined.
package final class PipePool {
    /// Each holds two descriptors; a turn of the reactor seldom needs more at once.
    private static let sparesLimit = 16

    private final class Spare {
        var pipe: PipePair?
        init(_ pipe: consuming PipePair) { self.pipe = consume pipe }
    }

    private var spares: [Spare] = []

    package init() {}

    package func take() throws(Errno) -> PipePair {
        if let pipe = spares.popLast()?.pipe.take() { return pipe }
        return try PipePair()
    }

    /// Their descriptors are wanted elsewhere, or are not wanted for long.
    package func removeSpares() { spares = [] }

    /// A pipe that still holds bytes is closed instead.
    package func giveBack(_ pipe: consuming PipePair) {
        guard pipe.count == 0, spares.count < Self.sparesLimit else { return }
        spares.append(Spare(pipe))
    }
}
