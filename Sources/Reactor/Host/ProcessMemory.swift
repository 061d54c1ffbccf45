import CLinux

/// The heap as the kernel sees it.
package enum ProcessMemory {
    /// Gives free pages back to the kernel (malloc_trim(3)). Looks through the whole heap: for quiet moments.
    package static func giveBack() { CLinux_trim_heap() }
}
