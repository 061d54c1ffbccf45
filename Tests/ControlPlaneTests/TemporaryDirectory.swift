import Foundation
import Reactor

/// A directory that goes away with the value.
final class TemporaryDirectory {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/slipstream-control-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(path)/\(name)"))
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }
}

extension Log {
    /// One whose lines nobody reads.
    static func silent() throws -> Log {
        Log(try LogSink(descriptor: open("/dev/null", O_WRONLY | O_CLOEXEC), format: .plain), format: .plain)
    }
}
