import Foundation
import Glibc
import Mesh
import Reactor
import Testing

@testable import Playground

struct LayoutTests {
    private let layout = Layout(root: "/run/x", prefix: "slip-")

    @Test func `what the playground makes is known by its name`() {
        for name in [
            layout.linkNamespace, layout.namespace(ofNode: Node.name(64)), layout.namespace(ofPod: UUID().uuidString),
        ] {
            #expect(layout.owns(namespace: name))
        }
    }

    @Test(arguments: [
        "slip-", "slip", "slip-node-", "slip-node-0", "slip-node-65", "slip-node-x", "slip-bench", "slip-aeiou12345",
        "node-1", "slip-links",
    ])
    func `what others have made is not`(name: String) {
        #expect(!layout.owns(namespace: name))
    }
}

struct ProcessRecordTests {
    @Test func `a process is recognised by its start`() throws {
        let own = try #require(ProcessRecord.current)
        #expect(own.isRunning)
        #expect(ProcessRecord(own.description) == own)
        let successor = try #require(ProcessRecord("\(own.identifier) \(own.start + 1)"))
        #expect(!successor.isRunning)
    }

    @Test(arguments: ["", "1", "a b", "-1 5", "1 2 3", "0 1"])
    func `what is no record is none`(text: String) {
        #expect(ProcessRecord(text) == nil)
    }
}

struct JournalTests {
    @Test func `what was written is read, and a line that a crash cut is passed over`() throws {
        let path = NSTemporaryDirectory() + "slip-journal-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let own = try #require(ProcessRecord.current)
        let entries: [Journal.Entry] = [.namespace("slip-node-1"), .process(own)]
        let journal = try Journal(path: path)
        for entry in entries { try journal.write(entry) }
        let file = try Descriptor.open(appendingTo: path)
        _ = try Bytes.write(file.raw, Array("proces".utf8)[...])
        #expect(Journal.read(path: path) == entries)
        #expect(Journal.read(path: path + "-not-there").isEmpty)
    }
}

struct LogTailTests {
    @Test func `whole lines come once, and go on after the file was emptied`() throws {
        let path = NSTemporaryDirectory() + "slip-tail-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        var tail = LogTail(path: path)
        func lines() -> [String] { tail.lines().map { String(decoding: $0, as: UTF8.self) } }
        #expect(lines() == [])
        let file = try Descriptor.open(appendingTo: path)
        func append(_ text: String) throws { _ = try Bytes.write(file.raw, Array(text.utf8)[...]) }
        try append("one\ntwo\nthr")
        #expect(lines() == ["one", "two"])
        try append("ee\n")
        #expect(lines() == ["three"])
        try file.truncate()
        try append("4\n")
        #expect(lines() == ["4"])
    }
}

struct ChildProcessTests {
    @Test func `a child tells how it ended`() throws {
        func ending(_ script: String) throws -> ChildProcess.Ending {
            var launch = ChildProcess.Launch("/bin/sh", ["-c", script], environment: ["ANSWER": "42"])
            launch.directory = "/"
            return try ChildProcess.spawn(launch).wait()
        }
        #expect(try ending("exit 7") == .exited(7))
        #expect(try ending("test $ANSWER = 42 -a \"$PWD\" = /") == .exited(0))
        #expect(try ending("kill -9 $$") == .killed(signal: 9))
    }

    @Test func `a program that cannot be started is an error, not a child`() {
        #expect(throws: Errno(code: ENOENT)) {
            _ = try ChildProcess.spawn(.init("/not/there", [], environment: [:]))
        }
        var launch = ChildProcess.Launch("/bin/true", [], environment: [:])
        launch.directory = "/not/there"
        #expect(throws: Errno(code: ENOENT)) { _ = try ChildProcess.spawn(launch) }
    }

    @Test func `a command that fails tells what it said`() {
        #expect(throws: Command.Failure(command: "sh -c echo no >&2; exit 1", output: "no")) {
            try Command.run("sh", ["-c", "echo no >&2; exit 1"])
        }
        #expect(throws: Command.Failure(command: "no-such-tool", output: "no-such-tool is not installed")) {
            try Command.run("no-such-tool", [])
        }
    }
}
