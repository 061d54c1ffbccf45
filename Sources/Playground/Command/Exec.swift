import Foundation
import Glibc
import Reactor

/// `slipstream playground exec NAMESPACE/POD -- COMMAND…`: becomes the command, inside the pod. Input, output and exit
/// status are the command's own.
package struct Exec {
    /// A shell's status for a command that is not there (POSIX, "Exit Status for Commands").
    private static let notFound: Int32 = 127

    private let pod: String
    private let command: [String]

    package init(pod: String, command: [String]) {
        self.pod = pod
        self.command = command
    }

    /// Returns only when it fails.
    package func run() throws -> Int32 {
        guard geteuid() == 0 else { throw CommandFailure("exec needs root, as up does; run it with sudo") }
        let target = try target()
        var environment = target.environment
        environment["TERM"] = ProcessInfo.processInfo.environment["TERM"]
        guard let ip = Command.find("ip"), chdir(to: target.directory) else {
            throw CommandFailure("the pod's directory \(target.directory) is not there")
        }
        guard isThere(command[0], environment) else {
            complain("\(command[0]): command not found")
            return Self.notFound
        }
        let failure = ChildProcess.become(
            ip, Program.arguments(target.networkNamespace, target.hostname, command), environment: environment)
        throw CommandFailure("\(command[0]): \(failure)")
    }

    private func target() throws -> WorldStatus.Pod {
        let status = try StatusClient.require(.standard)
        let parts = pod.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { throw CommandFailure("expected NAMESPACE/POD, found \(pod)") }
        if let found = status.pods.first(where: { $0.namespace == parts[0] && $0.name == parts[1] }) { return found }
        let names = status.pods.map { "\($0.namespace)/\($0.name)" }.joined(separator: "\n    ")
        throw CommandFailure("there is no pod \(pod); there are\n    \(names)")
    }

    private func chdir(to directory: String) -> Bool { FileManager.default.changeCurrentDirectoryPath(directory) }

    private func isThere(_ program: String, _ environment: [String: String]) -> Bool {
        if program.contains("/") { return FileManager.default.isExecutableFile(atPath: program) }
        let folders = (environment["PATH"] ?? "").split(separator: ":")
        return folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
    }

    private func complain(_ text: String) {
        FileHandle.standardError.write(Data("\(text)\n".utf8))
    }
}
