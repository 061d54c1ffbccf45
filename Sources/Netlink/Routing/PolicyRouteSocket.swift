import CMnl
import Glibc
package import Mesh
import Reactor

/// Policy routes by rtnetlink(7), in the socket's namespace.
extension NetlinkSocket {
    /// Adds what is missing.
    package borrowing func add(_ route: PolicyRoute, _ family: IPAddress.Family) throws(NetlinkError) {
        let creation = NLM_F_CREATE | NLM_F_EXCL
        try change(EEXIST) { batch throws(NetlinkError) in try batch.append(route, .add, family, flags: creation) }
        try change(EEXIST) { batch throws(NetlinkError) in try batch.append(rule: route, .add, family, flags: creation)
        }
    }

    /// Removes what is there.
    package borrowing func remove(_ route: PolicyRoute, _ family: IPAddress.Family) throws(NetlinkError) {
        try change(ENOENT) { batch throws(NetlinkError) in try batch.append(rule: route, .delete, family, flags: 0) }
        try change(ESRCH) { batch throws(NetlinkError) in try batch.append(route, .delete, family, flags: 0) }
    }

    /// Whether both the rule and its route are there.
    package borrowing func has(_ route: PolicyRoute, _ family: IPAddress.Family) throws(NetlinkError) -> Bool {
        guard try hasRule(route, family) else { return false }
        return try hasRoute(route, family)
    }

    private borrowing func change(
        _ harmless: CInt, _ write: (inout NetlinkBatch) throws(NetlinkError) -> Void
    ) throws(NetlinkError) {
        var batch = NetlinkBatch()
        try write(&batch)
        do throws(NetlinkError) {
            try perform(batch)
        } catch {
            if error.refusal != Errno(code: harmless) { throw error }
        }
    }

    private borrowing func hasRule(_ route: PolicyRoute, _ family: IPAddress.Family) throws(NetlinkError) -> Bool {
        var isThere = false
        let request = NetlinkRequest("list the rules for \(family)", type: RTM_GETRULE, flags: NLM_F_DUMP)
        unsafe try dump(
            request, write: { header in unsafe write(ruleHeader(family, table: 0), to: header) },
            restart: { isThere = false },
            visit: { message throws(NetlinkError) in
                isThere = try route.isRule(message) || isThere
            })
        return isThere
    }

    private borrowing func hasRoute(_ route: PolicyRoute, _ family: IPAddress.Family) throws(NetlinkError) -> Bool {
        var isThere = false
        let request = NetlinkRequest("list the routes for \(family)", type: RTM_GETROUTE, flags: NLM_F_DUMP)
        unsafe try dump(
            request, write: { header in unsafe write(routeHeader(family, table: 0), to: header) },
            restart: { isThere = false },
            visit: { message throws(NetlinkError) in
                isThere = try route.isRoute(message) || isThere
            })
        return isThere
    }
}

extension PolicyRoute {
    /// Whether a listed message is this route's rule.
    package func isRule(_ message: NetlinkMessage) throws(NetlinkError) -> Bool {
        guard message.type == UInt16(RTM_NEWRULE) else { return false }
        let attributes = try NetlinkAttributes(message.payload.dropFirst(MemoryLayout<fib_rule_hdr>.size))
        return attributes.native(FRA_FWMARK) == mark && attributes.native(FRA_FWMASK) == mask
            && attributes.native(FRA_TABLE) == table && attributes.native(FRA_PRIORITY) == priority
    }

    /// Whether a listed message is the one route of its table.
    package func isRoute(_ message: NetlinkMessage) throws(NetlinkError) -> Bool {
        guard message.type == UInt16(RTM_NEWROUTE) else { return false }
        guard message.payload.count >= MemoryLayout<rtmsg>.size else { throw .malformed("a route") }
        let form = unsafe message.payload.withUnsafeBytes { unsafe $0.loadUnaligned(as: rtmsg.self) }
        let attributes = try NetlinkAttributes(message.payload.dropFirst(MemoryLayout<rtmsg>.size))
        return form.rtm_type == RTN_LOCAL && form.rtm_dst_len == 0
            && attributes.native(RTA_TABLE.rawValue) == table
            && attributes.native(RTA_OIF.rawValue) == loopbackInterface
    }
}

extension NetlinkBatch {
    fileprivate enum Change: String { case add, delete }

    fileprivate mutating func append(
        rule route: PolicyRoute, _ change: Change, _ family: IPAddress.Family, flags: CInt
    ) throws(NetlinkError) {
        let sentence = "\(change) the \(family) rule for mark 0x\(String(route.mark, radix: 16))"
        let type = change == .add ? RTM_NEWRULE : RTM_DELRULE
        unsafe try append(NetlinkRequest(sentence, type: type, flags: flags | NLM_F_ACK)) { header in
            unsafe write(ruleHeader(family, table: route.table), to: header)
            unsafe mnl_attr_put_u32(header, UInt16(FRA_FWMARK), route.mark)
            unsafe mnl_attr_put_u32(header, UInt16(FRA_FWMASK), route.mask)
            unsafe mnl_attr_put_u32(header, UInt16(FRA_PRIORITY), route.priority)
            unsafe mnl_attr_put_u32(header, UInt16(FRA_TABLE), route.table)
        }
    }

    fileprivate mutating func append(
        _ route: PolicyRoute, _ change: Change, _ family: IPAddress.Family, flags: CInt
    ) throws(NetlinkError) {
        let sentence = "\(change) the \(family) default route of table \(route.table)"
        let type = change == .add ? RTM_NEWROUTE : RTM_DELROUTE
        unsafe try append(NetlinkRequest(sentence, type: type, flags: flags | NLM_F_ACK)) { header in
            unsafe write(routeHeader(family, table: route.table), to: header)
            unsafe mnl_attr_put_u32(header, UInt16(RTA_TABLE.rawValue), route.table)
            unsafe mnl_attr_put_u32(header, UInt16(RTA_OIF.rawValue), loopbackInterface)
        }
    }
}

/// The loopback interface is number 1 in each namespace (LOOPBACK_IFINDEX, net/flow.h).
package let loopbackInterface: UInt32 = 1

private func ruleHeader(_ family: IPAddress.Family, table: UInt32) -> fib_rule_hdr {
    var form = fib_rule_hdr()
    form.family = UInt8(family == .v4 ? AF_INET : AF_INET6)
    form.action = UInt8(FR_ACT_TO_TBL)
    form.table = shortened(table)
    return form
}

private func routeHeader(_ family: IPAddress.Family, table: UInt32) -> rtmsg {
    var form = rtmsg()
    form.rtm_family = UInt8(family == .v4 ? AF_INET : AF_INET6)
    form.rtm_table = shortened(table)
    form.rtm_protocol = UInt8(RTPROT_STATIC)
    form.rtm_scope = UInt8(RT_SCOPE_HOST.rawValue)
    form.rtm_type = UInt8(RTN_LOCAL)
    return form
}

/// The header's field has one byte; the attribute beside it has the whole number.
private func shortened(_ table: UInt32) -> UInt8 { UInt8(exactly: table) ?? UInt8(RT_TABLE_UNSPEC.rawValue) }

private func write<Form: BitwiseCopyable>(_ form: Form, to header: UnsafeMutablePointer<nlmsghdr>) {
    unsafe mnl_nlmsg_put_extra_header(header, MemoryLayout<Form>.size)?.storeBytes(of: form, as: Form.self)
}
