import Mesh
import Netlink

extension FuzzEntry {
    private struct Reading: Equatable {
        var sequence: UInt32?
        var acknowledged: CInt?
        var explanation: String?
        var timeouts: ListedTimeouts?
        var connection: TrackedConnection?
        var isRule = false
        var isRoute = false
    }

    private static let route = PolicyRoute(mark: 0x111, mask: 0xfff, priority: 1, table: 100)

    /// One datagram, read as every answer that we read ourselves. Chains and rules are read by libnftnl, which takes the
    /// kernel at its word and ends the process when it breaks it; nobody else can write to such a socket unnoticed.
    static let netlink = FuzzEntry(pure: "netlink", inputLimitBytes: 4096) { bytes throws(FuzzFault) in
        Result { () throws(NetlinkError) in try NetlinkMessage.split(bytes).map(reading) }
    }

    /// What one reader refuses, another may take: each has its try.
    private static func reading(_ message: NetlinkMessage) -> Result<Reading, NetlinkError> {
        Result { () throws(NetlinkError) in
            var reading = Reading()
            reading.sequence = message.sequence
            if let answer = try message.acknowledgement() {
                (reading.acknowledged, reading.explanation) = (answer.code, answer.explanation)
            }
            reading.timeouts = try ListedTimeouts(message)
            reading.isRule = try route.isRule(message)
            reading.isRoute = try route.isRoute(message)
            reading.connection = try TrackedConnection(message)
            return reading
        }
    }
}
