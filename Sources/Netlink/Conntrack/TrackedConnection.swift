import CMnl
import CNftnl

/// A TCP connection that conntrack follows, as far as it concerns who may still need our rules.
package struct TrackedConnection: Hashable, Sendable {
    package let mark: UInt32
    /// Its destination was rewritten, as a redirection does.
    package let isDestinationRewritten: Bool
    /// Neither closed nor reset. A connection that waits out its last packets (TIME_WAIT) is not alive.
    package let isAlive: Bool
}

extension NetlinkSocket {
    /// How many TCP connections that the socket's namespace tracks are such as `isCounted` says.
    package borrowing func countTrackedConnections(
        where isCounted: (TrackedConnection) -> Bool
    ) throws(NetlinkError) -> Int {
        var count = 0
        let request = NetlinkRequest(
            "list tracked connections", type: CInt(NFNL_SUBSYS_CTNETLINK) << 8 | CInt(IPCTNL_MSG_CT_GET.rawValue),
            flags: NLM_F_DUMP)
        unsafe try dump(
            request,
            write: { header in
                let family = nfgenmsg(nfgen_family: 0, version: UInt8(NFNETLINK_V0), res_id: 0)
                unsafe mnl_nlmsg_put_extra_header(header, MemoryLayout<nfgenmsg>.size)?
                    .storeBytes(of: family, as: nfgenmsg.self)
            },
            restart: { count = 0 },
            visit: { message throws(NetlinkError) in
                if let connection = try TrackedConnection(message), isCounted(connection) { count += 1 }
            })
        return count
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
        isDestinationRewritten = status & IPS_DST_NAT.rawValue != 0
        isAlive = (TCP_CONNTRACK_SYN_SENT.rawValue...TCP_CONNTRACK_LAST_ACK.rawValue).contains(UInt32(state))
    }
}
