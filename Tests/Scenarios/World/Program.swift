import Foundation
import Glibc

/// A program in the background. It is killed, at the latest, when the last reference to it goes.
final class Program {
    private let process = Process()
    let command: [String]

    init(
        _ command: [String], environment: [String: String] = [:], output: String = "/dev/null",
        errors: String = "/dev/null"
    ) throws {
        self.command = command
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try Self.handle(output)
        process.standardError = output == errors ? process.standardOutput : try Self.handle(errors)
        try process.run()
    }

    deinit { kill() }

    /// Of the program itself: `env` and `ip netns exec` become what they start.
    var pid: pid_t { process.processIdentifier }
    var isRunning: Bool { process.isRunning }

    func signal(_ number: Int32) {
        if process.isRunning { _ = Glibc.kill(pid, number) }
    }

    func kill() {
        signal(SIGKILL)
        _ = wait(seconds: 5)
    }

    /// Its exit status once it has ended, nil when it still runs.
    func wait(seconds: Double) -> Int32? {
        let deadline = Date(timeIntervalSinceNow: seconds)
        while process.isRunning {
            if Date() > deadline { return nil }
            usleep(5_000)
        }
        return process.terminationStatus
    }

    /// Appends, so that a log goes on over a restart.
    private static func handle(_ path: String) throws -> FileHandle {
        if !FileManager.default.fileExists(atPath: path) { try Data().write(to: URL(filePath: path)) }
        let handle = try FileHandle(forWritingTo: URL(filePath: path))
        try handle.seekToEnd()
        return handle
    }
}
