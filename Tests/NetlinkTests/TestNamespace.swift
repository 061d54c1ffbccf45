import Foundation
import Reactor

/// A network namespace for one test, with its loopback interface up; gone when the test lets go of it.
final class TestNamespace {
    let name: String

    init(_ purpose: String) throws {
        name = "nat-\(purpose)-\(getpid())-\(UInt16.random(in: 0...UInt16.max))"
        try Command.run("ip", "netns", "add", name)
        try Command.run("ip", "-n", name, "link", "set", "lo", "up")
    }

    deinit { _ = try? Command.run("ip", "netns", "del", name) }

    var path: String { "/run/netns/\(name)" }

    func open() throws -> NetworkNamespace { try NetworkNamespace(path: path) }

    @discardableResult
    func run(_ arguments: String...) throws -> String {
        try Command.run(["ip", "netns", "exec", name] + arguments)
    }
}

/// Programs of the system that tests compare with.
enum Command {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    @discardableResult
    static func run(_ arguments: String...) throws -> String { try run(arguments) }

    @discardableResult
    static func run(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "\(arguments.joined(separator: " ")): \(text)")
        }
        return text
    }
}
