import Foundation

/// A program that is run to its end.
enum Command {
    struct Outcome: Sendable {
        let status: Int32
        let output: String
        let errors: String

        /// What it printed, as JSON.
        func json<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
            try JSONDecoder().decode(type, from: Data(output.utf8))
        }
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// - Throws: when it does not end in time; it is killed then. Its exit status is the caller's to judge.
    static func run(_ command: [String], timeoutSeconds: Double = 30) throws -> Outcome {
        let folder = URL(filePath: NSTemporaryDirectory()).appending(path: "slb-test-command-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // Files, not pipes: what the program leaves running may keep a pipe open for ever.
        let output = folder.appending(path: "output"), errors = folder.appending(path: "errors")
        let program = try Program(command, output: output.path, errors: errors.path)
        guard let status = program.wait(seconds: timeoutSeconds) else {
            program.kill()
            throw Failure(description: "did not end within \(timeoutSeconds) s: \(command.joined(separator: " "))")
        }
        return Outcome(
            status: status, output: try String(contentsOf: output, encoding: .utf8),
            errors: try String(contentsOf: errors, encoding: .utf8))
    }

    /// - Throws: also when its exit status is not 0.
    @discardableResult
    static func succeed(_ command: [String], timeoutSeconds: Double = 30) throws -> String {
        let outcome = try run(command, timeoutSeconds: timeoutSeconds)
        guard outcome.status == 0 else {
            throw Failure(
                description: "\(command.joined(separator: " ")) ended with \(outcome.status): "
                    + outcome.errors + outcome.output)
        }
        return outcome.output
    }
}
