import Glibc

/// What `/proc/sys` holds (sysctl(8)); of `net`, that of the network namespace which the calling thread is in.
package enum KernelSetting {
    /// - Parameter name: as a path, such as `net/netfilter/nf_conntrack_tcp_loose`.
    package static func set(_ name: String, to value: Int) throws(Errno) {
        let raw = unsafe open("/proc/sys/\(name)", O_WRONLY | O_CLOEXEC)
        guard raw >= 0 else { throw .last }
        let file = Descriptor(owning: raw)
        try Descriptor.writeAll(Array("\(value)".utf8), to: file.raw)
    }
}
