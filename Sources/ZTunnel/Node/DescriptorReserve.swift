import Reactor

/// What is kept back of this process's descriptors, so that who has been let in finds some to go on with.
///
/// The kernel gives out the lowest number that is free, so the number of a new one tells how many there are.
package struct DescriptorReserve: Hashable, Sendable {
    private static let reserveMax = 1024

    /// From this number on no connection is accepted: clients wait in the kernel's backlog. The rest is for dials and pipes.
    package let acceptCeiling: CInt
    /// From this number on no stream gets a connection to its application: the last are for what was accepted.
    package let streamCeiling: CInt

    /// - Parameter limit: RLIMIT_NOFILE.
    package init(limit: Int) {
        let reserve = min(Self.reserveMax, limit / 4)
        acceptCeiling = CInt(clamping: limit - reserve)
        streamCeiling = CInt(clamping: limit - reserve / 2)
    }
}
