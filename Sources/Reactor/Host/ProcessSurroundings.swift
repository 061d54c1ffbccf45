import CLinux
import Glibc

/// What a process finds itself in: its environment, its cores, its limits.
package enum ProcessSurroundings {
    /// The environment, as it was when the process started.
    package static var variables: [String: String] {
        var variables: [String: String] = [:]
        var entry = unsafe environ
        while let text = unsafe entry.pointee {
            let pair = unsafe String(cString: text).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { variables[String(pair[0])] = String(pair[1]) }
            unsafe entry += 1
        }
        return variables
    }

    /// Those that the scheduler lets this process run on; at least one.
    package static var cores: Int { max(1, Int(CLinux_usable_cores())) }

    package static func fileExists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// How many files this process may have open (RLIMIT_NOFILE).
    package static var openFilesLimit: Int {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        return Int(clamping: limit.rlim_cur)
    }

    /// As many open files as we are allowed to have: each tunnelled connection is one, each other one two and more.
    package static func raiseOpenFilesLimit() {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
