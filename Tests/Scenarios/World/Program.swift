import Foundation
import Glibc
import Reactor

/// A program in the background. It is killed, at the latest, when the last reference to it goes.
final class Program {
    private let process: ChildProcess
    private var status: Int32?

    init(
        _ command: [String], environment: [String: String] = [:], output: String = "/dev/null",
        errors: String = "/dev/null"
    ) throws {
        // env looks the program up in PATH.
        var launch = ChildProcess.Launch(
            "/usr/bin/env", command, environment: ProcessInfo.processInfo.environment.merging(environment) { $1 })
        let input = try FileHandle(forReadingFrom: URL(filePath: "/dev/null"))
        let outputFile = try Self.handle(output)
        let errorsFile = output == errors ? outputFile : try Self.handle(errors)
        launch.standard = (
            input.fileDescriptor, outputFile.fileDescriptor, errorsFile.fileDescriptor
        )
        launch.isGroupLeader = true
        process = try ChildProcess.spawn(launch)
    }

    deinit { kill() }

    /// Of the program itself: `env` and `ip netns exec` become what they start.
    var pid: pid_t { process.identifier }
    var isRunning: Bool { poll() == nil }

    func signal(_ number: Int32) {
        if isRunning { _ = Glibc.kill(pid, number) }
    }

    func kill() {
        signal(SIGKILL)
        _ = wait(seconds: 5)
    }

    /// Its exit status once it has ended, as a shell has it; nil when it still runs.
    func wait(seconds: Double) -> Int32? {
        let deadline = Date(timeIntervalSinceNow: seconds)
        while poll() == nil, Date() < deadline { usleep(5_000) }
        return status
    }

    private func poll() -> Int32? {
        if status == nil { status = (try? process.endingSoFar())?.status }
        return status
    }

    /// Appends, so that a log goes on over a restart.
    private static func handle(_ path: String) throws -> FileHandle {
        if !FileManager.default.fileExists(atPath: path) { try Data().write(to: URL(filePath: path)) }
        let handle = try FileHandle(forWritingTo: URL(filePath: path))
        try handle.seekToEnd()
        return handle
    }
}
