import Glibc
import Synchronization

/// Takes finished lines from any thread and writes them on a thread of its own, so that nobody waits for whoever reads the
/// log. Bounded: lines that come while the reader is too slow are dropped, counted, and their number is told later.
package final class LogSink: Sendable {
    private struct State {
        var pending: [UInt8] = []
        var isWriterAsleep = false
        var isClosed = false
        var droppedSinceTold: UInt64 = 0
        var droppedInAll: UInt64 = 0
    }

    /// About 8,000 lines of access log: what a busy node writes while its reader pauses for a tenth of a second.
    package static let capacityBytesDefault = 4 << 20

    /// Lines come in crowds: they are written together, and a busy worker rings two hundred times a second at most. Waking the
    /// writer for each line was a seventh of the cost of a short connection.
    private static let gatheringMicroseconds: UInt32 = 5_000

    private let capacityBytes: Int
    private let descriptor: CInt
    private let format: LogLine.Format
    private let bell: Doorbell
    private let finished: Doorbell
    private let state = Mutex(State())

    /// - Parameter descriptor: stays open for as long as the process lives.
    package init(
        descriptor: CInt = Descriptor.standardError, format: LogLine.Format, capacityBytes: Int = capacityBytesDefault
    ) throws(Errno) {
        self.descriptor = descriptor
        self.format = format
        self.capacityBytes = capacityBytes
        bell = try Doorbell()
        finished = try Doorbell()
        _ = try KernelThread(named: "log") { [self] in run() }
    }

    /// Lines dropped since the start.
    package var droppedCount: UInt64 { state.withLock { $0.droppedInAll } }

    /// Takes one line with its line end, or drops it.
    package func write(_ line: ArraySlice<UInt8>) {
        let isWakeUpNeeded = state.withLock { state in
            guard !state.isClosed, state.pending.count + line.count <= capacityBytes else {
                state.droppedSinceTold += 1
                state.droppedInAll += 1
                return false
            }
            state.pending.append(contentsOf: line)
            defer { state.isWriterAsleep = false }
            return state.isWriterAsleep
        }
        if isWakeUpNeeded { bell.ring() }
    }

    /// Writes what is left, then stops. Later lines are dropped.
    package func close() {
        let isFirst = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        guard isFirst else { return }
        bell.ring()
        finished.wait()
    }

    private enum Next { case write([UInt8], dropped: UInt64), sleep, stop }

    private func run() {
        while true {
            switch next() {
            case .write(let bytes, let dropped):
                // A log that cannot be written has nobody to tell.
                try? Descriptor.writeAll(bytes, to: descriptor)
                if dropped > 0 { try? Descriptor.writeAll(lossReport(dropped), to: descriptor) }
            case .sleep:
                bell.wait()
                usleep(Self.gatheringMicroseconds)
            case .stop: return finished.ring()
            }
        }
    }

    private func next() -> Next {
        state.withLock { state in
            guard state.pending.isEmpty && state.droppedSinceTold == 0 else {
                defer {
                    state.pending = []
                    state.droppedSinceTold = 0
                }
                return .write(state.pending, dropped: state.droppedSinceTold)
            }
            if state.isClosed { return .stop }
            state.isWriterAsleep = true
            return .sleep
        }
    }

    private func lossReport(_ dropped: UInt64) -> [UInt8] {
        var line = LogLine(format)
        line.begin(.warn, scope: "log", message: "log lines dropped", timeMicroseconds: WallClock.microseconds())
        line.field("count", dropped)
        line.end()
        return Array(line.bytes)
    }
}
