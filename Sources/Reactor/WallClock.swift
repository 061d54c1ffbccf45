import CLinux
import Glibc

/// The time of day, for people and certificates. It may jump; durations are measured by the kernel's monotonic clock.
package enum WallClock {
    /// Microseconds since 1970, UTC.
    package static func microseconds() -> Int64 {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
    }

    /// Seconds since 1970, UTC.
    package static func seconds() -> Int64 { microseconds() / 1_000_000 }
}
