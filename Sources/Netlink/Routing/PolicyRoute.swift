/// Packets with a mark are delivered to this host, whatever their destination: a rule that sends them to a table of
/// their own, and in that table one route.
///
/// As a command: `ip rule add fwmark MARK/MASK pref PRIORITY lookup TABLE; ip route add local default dev lo table
/// TABLE`.
package struct PolicyRoute: Hashable, Sendable {
    package let mark: UInt32
    package let mask: UInt32
    package let priority: UInt32
    package let table: UInt32

    package init(mark: UInt32, mask: UInt32, priority: UInt32, table: UInt32) {
        self.mark = mark
        self.mask = mask
        self.priority = priority
        self.table = table
    }
}
