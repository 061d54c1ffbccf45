import Foundation
import Glibc
import Reactor

/// What `up --detach` does: starts the world in the background, tells what it says, and leaves when it is in force.
struct Detachment {
    private static let limitSeconds = 180
    private static let pauseMicroseconds: UInt32 = 100_000

    let layout: Layout
    let manifests: String?
    let nodes: Int

    func run() throws -> Int32 {
        let log = try BackgroundLog(path: layout.log, target: 1)
        let errors = try BackgroundLog(path: layout.errorLog, target: 2)
        let world = try start(log, errors)
        for _ in 0..<(Self.limitSeconds * 1_000_000 / Int(Self.pauseMicroseconds)) {
            usleep(Self.pauseMicroseconds)
            // Asked before the logs are read, so that what the world said until then is told.
            let hasEnded = world.ending() != nil
            let phase = StatusClient.ask(layout)?.phase
            log.relay()
            errors.relay()
            if hasEnded { return 1 }
            switch phase {
            case .ready: return finish("the mesh is in force", 0)
            case .failed: return finish("the mesh is there, but not as claimed", 1)
            case .starting, .proving, nil: continue
            }
        }
        let missing = StatusClient.ask(layout)?.waitingFor.joined(separator: "; ") ?? "its first sign of life"
        return finish("after \(Self.limitSeconds) seconds the playground still waits for \(missing)", 1)
    }

    private func start(_ log: borrowing BackgroundLog, _ errors: borrowing BackgroundLog) throws -> ChildProcess {
        let nothing = try Descriptor.open(readOnly: "/dev/null")
        var arguments = ["playground", "up", "--in-background", "--nodes", String(nodes)]
        if let manifests { arguments += ["--manifests", manifests] }
        var launch = ChildProcess.Launch(ProgramFolder.own, arguments, environment: Command.environment)
        launch.standard = (nothing.raw, log.writing.raw, errors.writing.raw)
        launch.isSessionLeader = true
        launch.directory = "/"
        return try ChildProcess.spawn(launch)
    }

    private func finish(_ text: String, _ status: Int32) -> Int32 {
        Output.write(
            "\(text)\n    → look at it with: slipstream playground status\n    → remove it with: slipstream playground down\n"
        )
        return status
    }
}

/// A file that the world in the background writes and whoever started it reads. Both ends are opened at the start, since a
/// world that fails removes its files.
private struct BackgroundLog: ~Copyable {
    let writing: Descriptor
    private let reading: Descriptor
    private let target: CInt

    init(path: String, target: CInt) throws {
        try? FileManager.default.removeItem(atPath: path)
        let writing = try Descriptor.open(appendingTo: path, mode: 0o600)
        reading = try Descriptor.open(readOnly: path)
        self.writing = writing
        self.target = target
    }

    /// Passes on what has come since.
    borrowing func relay() {
        while case .bytes(let bytes) = try? Bytes.read(reading.raw, limitBytes: 64 << 10) {
            var rest = bytes[...]
            while !rest.isEmpty, let count = try? Bytes.write(target, rest) { rest = rest.dropFirst(count) }
        }
    }
}
