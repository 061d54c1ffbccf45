import Foundation
import Glibc

/// A process that can be recognised after its parent is gone: process ids come again, but never with the same start.
struct ProcessRecord: Hashable, Sendable {
    let identifier: Int32
    /// In clock ticks since the machine booted (proc_pid_stat(5), field 22).
    let start: UInt64

    /// The process as it is now; nil when there is none, or only its remains.
    init?(identifier: Int32) {
        guard let text = try? String(contentsOfFile: "/proc/\(identifier)/stat", encoding: .utf8),
            // The second field is a name in parentheses, which may hold anything.
            let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, fields[0] != "Z", let start = UInt64(fields[19]) else { return nil }
        self.identifier = identifier
        self.start = start
    }

    static var current: ProcessRecord? { ProcessRecord(identifier: getpid()) }

    var isRunning: Bool { ProcessRecord(identifier: identifier) == self }

    /// Sends a signal, unless the process is gone.
    func signal(_ signal: Int32) {
        if isRunning { kill(identifier, signal) }
    }
}

extension ProcessRecord: CustomStringConvertible, LosslessStringConvertible {
    init?(_ text: String) {
        let parts = text.split(separator: " ")
        guard parts.count == 2, let identifier = Int32(parts[0]), identifier > 0, let start = UInt64(parts[1]) else {
            return nil
        }
        self.identifier = identifier
        self.start = start
    }

    var description: String { "\(identifier) \(start)" }
}
