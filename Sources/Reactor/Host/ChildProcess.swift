import CLinux
import Glibc

/// A process that this one started and has not waited for yet.
package struct ChildProcess: Hashable, Sendable {
    package let identifier: Int32

    /// A program, and how it is to start.
    package struct Launch: Sendable {
        /// An absolute path; `PATH` is not searched.
        package var path: String
        /// Without the program's own name.
        package var arguments: [String]
        package var environment: [String: String]
        package var directory: String?
        /// The descriptors that become its standard input, output and error. They stay the caller's to close.
        package var standard: (input: CInt, output: CInt, error: CInt) = (0, 1, 2)
        /// Its own process group, so that Ctrl-C at our terminal does not reach it.
        package var isGroupLeader = false
        /// Its own session, so that it outlives our terminal.
        package var isSessionLeader = false
        /// Killed by the kernel when the calling thread ends, however it ends.
        package var diesWithParent = false

        package init(_ path: String, _ arguments: [String], environment: [String: String]) {
            self.path = path
            self.arguments = arguments
            self.environment = environment
        }
    }

    package enum Ending: Hashable, Sendable {
        case exited(CInt)
        case killed(signal: CInt)

        /// What a shell's `$?` would be.
        package var status: CInt {
            switch self {
            case .exited(let code): code
            case .killed(let signal): 128 + signal
            }
        }

        /// From wait(2)'s status word, whose macros Swift does not see.
        fileprivate init(word: CInt) {
            let signal = word & 0x7f
            self = signal == 0 ? .exited(word >> 8 & 0xff) : .killed(signal: signal)
        }
    }

    /// Starts a program; returns once it runs. Errors: what fork(2), chdir(2) or execve(2) said.
    package static func spawn(_ launch: Launch) throws(Errno) -> ChildProcess {
        let arguments = CStrings([launch.path] + launch.arguments)
        let environment = CStrings(launch.environment.map { "\($0)=\($1)" }.sorted())
        let standard = launch.standard
        let identifier = unsafe launch.path.withCString { path in
            unsafe withOptionalCString(launch.directory) { directory in
                var form = unsafe CLinux_launch(
                    path: path, arguments: arguments.pointers, environment: environment.pointers, directory: directory,
                    standard: (standard.input, standard.output, standard.error),
                    is_group_leader: launch.isGroupLeader ? 1 : 0, is_session_leader: launch.isSessionLeader ? 1 : 0,
                    dies_with_parent: launch.diesWithParent ? 1 : 0)
                return unsafe CLinux_spawn(&form)
            }
        }
        guard identifier > 0 else { throw .last }
        return ChildProcess(identifier: identifier)
    }

    /// Becomes another program, in this process. Returns only to say why it could not.
    package static func become(_ path: String, _ arguments: [String], environment: [String: String]) -> Errno {
        let arguments = CStrings([path] + arguments)
        let environment = CStrings(environment.map { "\($0)=\($1)" }.sorted())
        _ = unsafe execve(path, arguments.pointers, environment.pointers)
        return .last
    }

    /// Waits for its end.
    package func wait() throws(Errno) -> Ending {
        var word: CInt = 0
        while unsafe waitpid(identifier, &word, 0) < 0 {
            let failure = Errno.last
            guard failure == .interrupted else { throw failure }
        }
        return Ending(word: word)
    }

    /// How it ended, when it has; nil while it runs. Does not wait.
    package func endingSoFar() throws(Errno) -> Ending? {
        var word: CInt = 0
        let identifier = unsafe waitpid(identifier, &word, WNOHANG)
        guard identifier >= 0 else { throw .last }
        return identifier == 0 ? nil : Ending(word: word)
    }

    /// How it ended; nil while it runs. Told once: after that the number may be another process's.
    package func ending() -> Ending? {
        var word: CInt = 0
        guard unsafe waitpid(identifier, &word, WNOHANG) == identifier else { return nil }
        return Ending(word: word)
    }
}

/// Strings as execve(2) wants them: each ended by a zero, the list by a null pointer.
@safe private final class CStrings {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        unsafe pointers = .allocate(capacity: strings.count + 1)
        for (index, string) in strings.enumerated() {
            unsafe (pointers + index).initialize(to: strdup(string))
        }
        unsafe (pointers + count).initialize(to: nil)
    }

    deinit {
        for index in 0..<count { unsafe free(pointers[index]) }
        unsafe pointers.deallocate()
    }
}

private func withOptionalCString<Result>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
    guard let text else { return body(nil) }
    return unsafe text.withCString { unsafe body($0) }
}
