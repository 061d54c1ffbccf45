import CMnl
import CNftnl
import Glibc
import Reactor

/// A TCP connection that conntrack follows, as far as it concerns who may still need our rules.
package struct TrackedConnection: Hashable, Sendable {
    package let mark: UInt32
    /// Its addresses or ports are not the same at both ends: a redirection, or another port for one that is taken.
    package let isTranslated: Bool
    /// Neither closed nor reset. A connection that waits out its last packets (TIME_WAIT) is not alive.
    package let isAlive: Bool
    /// The zone in which who opened it is kept; 0 is the usual one.
    package let callerZone: UInt16
    /// By what the kernel finds it again: address family, and CTA_TUPLE_ORIG as it was told. CTA_ID tells it from a later
    /// connection with the same addresses and ports.
    private let family: UInt8
    private let original: [UInt8]
    private let id: [UInt8]
}

extension NetlinkSocket {
    /// How many TCP connections that the socket's namespace tracks are such as `isCounted` says.
    package borrowing func countTrackedConnections(
        where isCounted: (TrackedConnection) -> Bool
    ) throws(NetlinkError) -> Int {
        var count = 0
        try dumpTrackedConnections(restart: { count = 0 }) { if isCounted($0) { count += 1 } }
        return count
    }

    /// Makes conntrack forget the TCP connections that are such as `isForgotten` says. Of one that is still alive it begins to
    /// know anew.
    package borrowing func forgetTrackedConnections(
        where isForgotten: (TrackedConnection) -> Bool
    ) throws(NetlinkError) {
        var forgotten: [TrackedConnection] = []
        try dumpTrackedConnections(restart: { forgotten = [] }) { if isForgotten($0) { forgotten.append($0) } }
        for connection in forgotten {
            var batch = NetlinkBatch()
            let request = NetlinkRequest(
                "forget a tracked connection",
                type: CInt(NFNL_SUBSYS_CTNETLINK) << 8 | CInt(IPCTNL_MSG_CT_DELETE.rawValue), flags: NLM_F_ACK)
            unsafe try batch.append(request) { header in unsafe connection.write(to: header) }
            do throws(NetlinkError) {
                try perform(batch)
            } catch {
                // It was about to go anyway.
                if error.refusal != Errno(code: ENOENT) { throw error }
            }
        }
    }

    private borrowing func dumpTrackedConnections(
        restart: () -> Void, visit: (TrackedConnection) -> Void
    ) throws(NetlinkError) {
        let request = NetlinkRequest(
            "list tracked connections", type: CInt(NFNL_SUBSYS_CTNETLINK) << 8 | CInt(IPCTNL_MSG_CT_GET.rawValue),
            flags: NLM_F_DUMP)
        unsafe try dump(
            request, write: { header in unsafe TrackedConnection.write(family: 0, to: header) }, restart: restart,
            visit: { message throws(NetlinkError) in
                if let connection = try TrackedConnection(message) { visit(connection) }
            })
    }
}

extension TrackedConnection {
    /// Nil for what is not TCP.
    package init?(_ message: NetlinkMessage) throws(NetlinkError) {
        let attributes = try NetlinkAttributes(message.payload.dropFirst(MemoryLayout<nfgenmsg>.size))
        let protocolInfo = try attributes.nested(CTA_PROTOINFO.rawValue).nested(CTA_PROTOINFO_TCP.rawValue)
        guard let state = protocolInfo.byte(CTA_PROTOINFO_TCP_STATE.rawValue) else { return nil }
        mark = attributes.big(CTA_MARK.rawValue) ?? 0
        let status = attributes.big(CTA_STATUS.rawValue) ?? 0
        isTranslated = status & (IPS_SRC_NAT.rawValue | IPS_DST_NAT.rawValue) != 0
        isAlive = (TCP_CONNTRACK_SYN_SENT.rawValue...TCP_CONNTRACK_LAST_ACK.rawValue).contains(UInt32(state))
        let tuple = attributes[UInt16(CTA_TUPLE_ORIG.rawValue)] ?? []
        let zone = try NetlinkAttributes(tuple)[UInt16(CTA_TUPLE_ZONE.rawValue)] ?? []
        callerZone = zone.count == 2 ? UInt16(bigEndian: UInt16(native: zone)) : 0
        family = message.payload.first ?? 0
        original = Array(tuple)
        id = Array(attributes[UInt16(CTA_ID.rawValue)] ?? [])
    }

    fileprivate func write(to header: UnsafeMutablePointer<nlmsghdr>) {
        unsafe Self.write(family: family, to: header)
        unsafe original.withUnsafeBytes { bytes in
            unsafe mnl_attr_put(
                header, UInt16(NLA_F_NESTED) | UInt16(CTA_TUPLE_ORIG.rawValue), bytes.count, bytes.baseAddress)
        }
        unsafe id.withUnsafeBytes { bytes in
            unsafe mnl_attr_put(header, UInt16(CTA_ID.rawValue), bytes.count, bytes.baseAddress)
        }
    }

    fileprivate static func write(family: UInt8, to header: UnsafeMutablePointer<nlmsghdr>) {
        let form = nfgenmsg(nfgen_family: family, version: UInt8(NFNETLINK_V0), res_id: 0)
        unsafe mnl_nlmsg_put_extra_header(header, MemoryLayout<nfgenmsg>.size)?
            .storeBytes(of: form, as: nfgenmsg.self)
    }
}
