import Foundation
import Reactor

/// What a world has put on the machine, written down before it is made: whoever comes after a world that was killed finds
/// everything. Append-only; an entry for something that is already gone does no harm.
struct Journal: ~Copyable {
    enum Entry: Hashable, Sendable {
        case namespace(String)
        case process(ProcessRecord)
    }

    private let file: Descriptor

    init(path: String) throws(Errno) {
        file = try Descriptor.open(appendingTo: path, mode: 0o600)
    }

    borrowing func write(_ entry: Entry) throws(Errno) {
        let bytes = Array("\(entry.line)\n".utf8)
        // One write of a short line to a file is never cut.
        _ = try Bytes.write(file.raw, bytes[...])
    }

    /// The entries of a journal; lines that are none, such as one that a crash cut, are passed over.
    static func read(path: String) -> [Entry] {
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { Entry(line: String($0)) }
    }
}

extension Journal.Entry {
    init?(line: String) {
        let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return nil }
        switch parts[0] {
        case "namespace": self = .namespace(parts[1])
        case "process":
            guard let record = ProcessRecord(parts[1]) else { return nil }
            self = .process(record)
        default: return nil
        }
    }

    var line: String {
        switch self {
        case .namespace(let name): "namespace \(name)"
        case .process(let record): "process \(record)"
        }
    }
}
