/// From which ports applications are called under their clients' addresses: from those above what kernels give to clients
/// (net.ipv4.ip_local_port_range ends at 60999). A client may have a connection with the application that goes past us, being
/// older than the pod's enrolment; ours from the same port would be taken for it by the application's kernel, and break it.
///
/// Where many are called and none of them is free for a while, the kernel chooses. A pure value.
struct CallerPorts {
    private static let range: ClosedRange<UInt16> = 61_000...65_535
    private static let restNanoseconds: UInt64 = 100_000_000

    private var last: UInt16
    private var restsUntilNanoseconds: UInt64 = 0

    init(random: inout some RandomNumberGenerator) { last = .random(in: Self.range, using: &random) }

    /// The next port to try; nil when the kernel is to choose.
    mutating func next(nowNanoseconds: UInt64) -> UInt16? {
        guard nowNanoseconds >= restsUntilNanoseconds else { return nil }
        last = last == Self.range.upperBound ? Self.range.lowerBound : last + 1
        return last
    }

    /// The last one was taken.
    mutating func wasTaken(nowNanoseconds: UInt64) { restsUntilNanoseconds = nowNanoseconds + Self.restNanoseconds }
}
