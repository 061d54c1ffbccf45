import Foundation
import Reactor

/// The machine's own tools: `ip`, `nft`, `sysctl` and the like.
enum Command {
    struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        var command: String
        var output: String

        var description: String { "\(command): \(output)" }
    }

    /// The environment of everything the playground starts: nothing of whoever started the playground leaks into pods.
    static let environment = [
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8",
    ]

    /// The full path of a tool; nil when the machine has none of that name.
    static func find(_ tool: String) -> String? {
        let folders = environment["PATH"]?.split(separator: ":") ?? []
        return folders.map { "\($0)/\(tool)" }.first(where: FileManager.default.isExecutableFile)
    }

    /// Runs a tool to its end and returns what it printed. Blocks; for tools that take milliseconds.
    @discardableResult
    static func run(_ tool: String, _ arguments: [String]) throws(Failure) -> String {
        let command = ([tool] + arguments).joined(separator: " ")
        guard let path = find(tool) else { throw Failure(command: command, output: "\(tool) is not installed") }
        do {
            let (ending, output) = try runToEnd(ChildProcess.Launch(path, arguments, environment: environment))
            guard ending == .exited(0) else { throw Failure(command: command, output: output) }
            return output
        } catch let failure as Errno {
            throw Failure(command: command, output: "\(failure)")
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(command: command, output: "\(error)")
        }
    }

    /// Several `ip` commands at once; the first that fails ends them.
    static func ip(batch lines: [String], inNamespace namespace: String? = nil) throws(Failure) {
        for line in lines {
            let place = namespace.map { ["-n", $0] } ?? []
            try run("ip", place + line.split(separator: " ").map(String.init))
        }
    }

    private static func runToEnd(
        _ launch: ChildProcess.Launch
    ) throws(Errno) -> (ChildProcess.Ending, String) {
        let nothing = try Descriptor.open(readOnly: "/dev/null")
        let pipe = try PipeEnds()
        var launch = launch
        launch.standard = (nothing.raw, pipe.writing.raw, pipe.writing.raw)
        launch.diesWithParent = true
        let child = try ChildProcess.spawn(launch)
        let reading = pipe.keepReading()
        var output: [UInt8] = []
        while case .bytes(let bytes) = try Bytes.read(reading.raw, limitBytes: 64 * 1024) { output += bytes }
        let text = String(decoding: output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        return (try child.wait(), text)
    }
}
