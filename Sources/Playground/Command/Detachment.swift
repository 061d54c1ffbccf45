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
        try? FileManager.default.removeItem(atPath: layout.log)
        try start()
        var tail = LogTail(path: layout.log)
        for _ in 0..<(Self.limitSeconds * 1_000_000 / Int(Self.pauseMicroseconds)) {
            usleep(Self.pauseMicroseconds)
            // Asked before the log is read, so that what the world said until then is told.
            let phase = StatusClient.ask(layout)?.phase
            let ended = ChildProcess.reap()
            for line in tail.lines() { Output.write(String(decoding: line, as: UTF8.self) + "\n") }
            if ended != nil { return 1 }
            switch phase {
            case .ready: return finish("the mesh is in force", 0)
            case .failed: return finish("the mesh is there, but not as claimed", 1)
            case .starting, .proving, nil: continue
            }
        }
        let missing = StatusClient.ask(layout)?.waitingFor.joined(separator: "; ") ?? "its first sign of life"
        return finish("after \(Self.limitSeconds) seconds the playground still waits for \(missing)", 1)
    }

    private func start() throws {
        let nothing = try Descriptor.open(readOnly: "/dev/null")
        let log = try Descriptor.open(appendingTo: layout.log)
        var arguments = ["playground", "up", "--in-background", "--nodes", String(nodes)]
        if let manifests { arguments += ["--manifests", manifests] }
        var launch = ChildProcess.Launch(ProgramFolder.own, arguments, environment: Command.environment)
        launch.standard = (nothing.raw, log.raw, log.raw)
        launch.isSessionLeader = true
        launch.directory = "/"
        _ = try ChildProcess.spawn(launch)
    }

    private func finish(_ text: String, _ status: Int32) -> Int32 {
        Output.write(
            "\(text); look at it with: slipstream playground status; remove it with: slipstream playground down\n")
        return status
    }
}
