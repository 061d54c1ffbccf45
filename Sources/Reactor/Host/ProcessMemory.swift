import CLinux

/// The process's memory as the kernel sees it.
package enum ProcessMemory {
    /// Gives free pages of the heap back to the kernel (malloc_trim(3)). Looks through the whole heap: for quiet moments.
    package static func giveBack() { CLinux_trim_heap() }

    /// Lets go of the pages of code and constants that have been used so far. Most of what a program reads to start it never reads
    /// again; what it does comes back page by page, without being read from disk.
    package static func forgetStart() {
        CLinux_forget_file_pages()
        CLinux_trim_heap()
    }
}
