import CLinux
import Glibc
import Reactor

/// Programs of the system, as tests run them.
package enum Command {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String

        package init(_ description: String) { self.description = description }
    }

    /// Runs a program to its end; what it wrote. Throws when it failed.
    @discardableResult
    package static func run(_ arguments: String...) throws -> String { try run(arguments) }

    @discardableResult
    package static func run(_ arguments: [String]) throws -> String {
        let program = try RunningProgram(arguments)
        let text = program.rest()
        let status = program.wait()
        guard status == 0 else { throw Failure("\(arguments.joined(separator: " ")): \(text)") }
        return text
    }

    /// The path of a program of ours, which stands beside the test's own.
    package static func product(_ name: String) -> String {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink("/proc/self/exe", &path, path.count - 1)
        let own = String(decoding: path.prefix(max(count, 0)).map(UInt8.init(bitPattern:)), as: UTF8.self)
        return own.split(separator: "/").dropLast().map { "/\($0)" }.joined() + "/\(name)"
    }

    /// The path of a file beside this one.
    package static func file(_ name: String) -> String {
        let here: String = #filePath
        return here.split(separator: "/").dropLast().map { "/\($0)" }.joined() + "/\(name)"
    }
}

/// A program that runs beside a test, and is killed when the test lets go of it. Programs that wait for ever should end
/// when their input does, which it does with the test's process.
package final class RunningProgram {
    private let process: ChildProcess
    private var ending: ChildProcess.Ending?
    private var input: Descriptor?
    private let output: Descriptor
    private var unread = ""

    /// Starts it; its standard error joins its output.
    package init(_ arguments: [String]) throws {
        // Closed on exec: a program that held another's pipe open would hide that one's end.
        var forInput: (CInt, CInt) = (-1, -1), forOutput: (CInt, CInt) = (-1, -1)
        try Self.makePipe(&forInput)
        let itsInput = Descriptor(owning: forInput.0)
        input = Descriptor(owning: forInput.1)
        try Self.makePipe(&forOutput)
        output = Descriptor(owning: forOutput.0)
        let itsOutput = Descriptor(owning: forOutput.1)
        let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        // What a sanitizer is told, where there is one, a program that was built with it is to hear as well.
        var environment = ["PATH": path, "LC_ALL": "C.UTF-8"]
        for name in ["ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS", "SWIFT_BACKTRACE"] {
            environment[name] = unsafe getenv(name).map { unsafe String(cString: $0) }
        }
        var launch = ChildProcess.Launch("/usr/bin/env", arguments, environment: environment)
        launch.standard = (itsInput.raw, itsOutput.raw, itsOutput.raw)
        process = try ChildProcess.spawn(launch)
    }

    private static func makePipe(_ ends: inout (CInt, CInt)) throws {
        let status = unsafe withUnsafeMutableBytes(of: &ends) { bytes in
            unsafe CLinux_pipe2(bytes.assumingMemoryBound(to: CInt.self).baseAddress, O_CLOEXEC)
        }
        guard status == 0 else { throw Errno.last }
    }

    deinit {
        guard ending == nil else { return }
        kill(process.identifier, SIGKILL)
        _ = try? process.wait()
    }

    package var isRunning: Bool {
        // A process that has ended and was not waited for is still there, as a zombie.
        let status = try? WholeFile.contents(of: "/proc/\(process.identifier)/stat", limitBytes: 4096)
        return ending == nil && status.map { !String(decoding: $0, as: UTF8.self).contains(") Z ") } == true
    }

    package func signal(_ number: CInt) {
        if ending == nil { kill(process.identifier, number) }
    }

    /// Waits for its next line; nil at its end, or when it is silent for too long.
    package func line() -> String? {
        while !unread.contains("\n") {
            guard hasSomething(withinMilliseconds: 10_000), let more = read() else { return nil }
            unread += more
        }
        let end = unread.firstIndex(of: "\n")!
        defer { unread = String(unread[unread.index(after: end)...]) }
        return String(unread[..<end])
    }

    /// Gives it a line to read.
    package func say(_ line: String) {
        if let raw = input?.raw { _ = try? Bytes.write(raw, ArraySlice("\(line)\n".utf8)) }
    }

    /// Ends what it reads.
    package func endInput() { input = nil }

    /// All that it writes until its end.
    package func rest() -> String {
        while let more = read() { unread += more }
        return unread
    }

    /// Waits for its end; what a shell's `$?` would be.
    package func wait() -> Int32 {
        if ending == nil { ending = try? process.wait() }
        return ending?.status ?? -1
    }

    private func hasSomething(withinMilliseconds timeout: Int32) -> Bool {
        var interest = pollfd(fd: output.raw, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&interest, 1, timeout) > 0
    }

    private func read() -> String? {
        guard let reading = try? Bytes.read(output.raw, limitBytes: 65536), case .bytes(let bytes) = reading else {
            return nil
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
