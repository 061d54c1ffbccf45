import Foundation
import Glibc
import Reactor

/// Asks a running world how it stands.
enum StatusClient {
    private static let limitBytes = 16 << 20

    /// Nil when no world answers.
    static func ask(_ layout: Layout) -> WorldStatus? {
        guard let socket = try? LocalSocket.connect(to: layout.socket) else { return nil }
        var bytes: [UInt8] = []
        while bytes.count < limitBytes, case .bytes(let more) = try? Bytes.read(socket.raw, limitBytes: 64 << 10) {
            bytes += more
        }
        return try? JSONDecoder().decode(WorldStatus.self, from: Data(bytes))
    }

    static func require(_ layout: Layout) throws -> WorldStatus {
        if let status = ask(layout) { return status }
        guard geteuid() == 0 || !FileManager.default.fileExists(atPath: layout.root) else {
            throw CommandFailure("this needs root, as up does; run it with sudo")
        }
        guard WorldLock.holder(layout) == nil else {
            throw CommandFailure("the playground does not answer yet; try again in a moment")
        }
        throw CommandFailure("no playground is running\n    → start one with: slipstream playground up")
    }
}
