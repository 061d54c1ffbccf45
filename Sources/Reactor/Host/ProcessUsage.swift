import Glibc

/// What this process uses of its machine at the moment (proc(5), getrusage(2)).
package struct ProcessUsage: Hashable, Sendable {
    package var openFiles: UInt64 = 0
    package var openFilesMax: UInt64 = 0
    package var virtualBytes: UInt64 = 0
    package var residentBytes: UInt64 = 0
    package var processorMicroseconds: UInt64 = 0
    /// When the process began, in seconds since 1970.
    package var startSeconds: UInt64 = 0

    /// What the system does not tell is 0.
    package static func now() -> ProcessUsage {
        var usage = ProcessUsage()
        usage.openFiles = (try? Directory.count(in: "/proc/self/fd")).map(UInt64.init) ?? 0
        usage.openFilesMax = openFilesLimit
        let pages = memoryPages
        let pageBytes = UInt64(max(0, sysconf(CInt(_SC_PAGESIZE))))
        usage.virtualBytes = pages.virtual * pageBytes
        usage.residentBytes = pages.resident * pageBytes
        usage.startSeconds = startSeconds
        var resources = rusage()
        if unsafe getrusage(RUSAGE_SELF.rawValue, &resources) == 0 {
            usage.processorMicroseconds = [resources.ru_utime, resources.ru_stime].reduce(0) {
                $0 + UInt64($1.tv_sec) * 1_000_000 + UInt64($1.tv_usec)
            }
        }
        return usage
    }

    /// What `/proc/self/stat` has in its 22nd place, ticks since the machine's start, as time of day.
    private static var startSeconds: UInt64 {
        guard let stat = try? WholeFile.contents(of: "/proc/self/stat", limitBytes: 4096),
            // The second place is the program's name in brackets, which may hold anything.
            let nameEnd = stat.lastIndex(of: UInt8(ascii: ")"))
        else { return 0 }
        let places = stat[(nameEnd + 1)...].split(separator: UInt8(ascii: " "))
        let ticksPerSecond = UInt64(max(1, sysconf(CInt(_SC_CLK_TCK))))
        guard places.count > 19, let ticks = UInt64(Substring(decoding: places[19], as: UTF8.self)) else { return 0 }
        var (sinceBoot, now) = (timespec(), timespec())
        unsafe clock_gettime(CLOCK_BOOTTIME, &sinceBoot)
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        return UInt64(max(0, now.tv_sec - sinceBoot.tv_sec)) + ticks / ticksPerSecond
    }

    private static var openFilesLimit: UInt64 {
        var limit = rlimit()
        return unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 ? UInt64(limit.rlim_cur) : 0
    }

    /// The first two numbers of `/proc/self/statm`.
    private static var memoryPages: (virtual: UInt64, resident: UInt64) {
        guard let text = try? WholeFile.contents(of: "/proc/self/statm", limitBytes: 4096) else { return (0, 0) }
        let numbers = text.split(separator: UInt8(ascii: " ")).prefix(2).compactMap {
            UInt64(Substring(decoding: $0, as: UTF8.self))
        }
        return numbers.count == 2 ? (numbers[0], numbers[1]) : (0, 0)
    }
}
