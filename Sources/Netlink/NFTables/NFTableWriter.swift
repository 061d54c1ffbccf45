import CMnl
import CNftnl

/// Changes to nftables, each one atomic transaction in the socket's namespace.
extension NetlinkSocket {
    /// Puts `table` in the place of the one of that name, if there is one: each packet sees the old rules or the new
    /// ones, never none.
    package borrowing func replace(_ table: NFTable) throws(NetlinkError) {
        var batch = NetlinkBatch()
        try batch.beginTransaction()
        // A table must be there to be deleted, so it is made first; making one that exists changes nothing.
        try batch.add(table: table.name)
        try batch.delete(table: table.name)
        try batch.add(table: table.name)
        for (name, timeouts) in table.timeouts { try batch.add(timeouts, name: name, table: table.name) }
        for (name, chain) in table.chains.sorted(by: { $0.key < $1.key }) {
            try batch.add(chain, name: name, table: table.name)
            for rule in chain.rules { try batch.add(rule, chain: name, table: table.name) }
        }
        try batch.endTransaction()
        try perform(batch)
    }

    /// Deletes a table and all that is in it; one that is not there is fine.
    package borrowing func delete(table name: String) throws(NetlinkError) {
        var batch = NetlinkBatch()
        try batch.beginTransaction()
        try batch.add(table: name)
        try batch.delete(table: name)
        try batch.endTransaction()
        try perform(batch)
    }
}

extension NetlinkBatch {
    fileprivate mutating func add(table name: String) throws(NetlinkError) {
        let request = NetlinkRequest(
            nfTables: "add table inet \(name)", NFT_MSG_NEWTABLE, flags: NLM_F_CREATE | NLM_F_ACK)
        unsafe try append(request) { header in unsafe writeTable(name, to: header) }
    }

    fileprivate mutating func delete(table name: String) throws(NetlinkError) {
        let request = NetlinkRequest(nfTables: "delete table inet \(name)", NFT_MSG_DELTABLE, flags: NLM_F_ACK)
        unsafe try append(request) { header in unsafe writeTable(name, to: header) }
    }

    fileprivate mutating func add(_ chain: NFChain, name: String, table: String) throws(NetlinkError) {
        let request = NetlinkRequest(
            nfTables: "add chain inet \(table) \(name)", NFT_MSG_NEWCHAIN, flags: NLM_F_CREATE | NLM_F_ACK)
        unsafe try append(request) { header in
            unsafe writeFamily(to: header)
            guard let object = unsafe nftnl_chain_alloc() else { preconditionFailure("no memory for a chain") }
            defer { unsafe nftnl_chain_free(object) }
            unsafe nftnl_chain_set_str(object, UInt16(NFTNL_CHAIN_TABLE.rawValue), table)
            unsafe nftnl_chain_set_str(object, UInt16(NFTNL_CHAIN_NAME.rawValue), name)
            if let hook = chain.hook {
                unsafe nftnl_chain_set_str(object, UInt16(NFTNL_CHAIN_TYPE.rawValue), hook.kind.rawValue)
                unsafe nftnl_chain_set_u32(object, UInt16(NFTNL_CHAIN_HOOKNUM.rawValue), hook.point.rawValue)
                unsafe nftnl_chain_set_s32(object, UInt16(NFTNL_CHAIN_PRIO.rawValue), hook.priority)
                unsafe nftnl_chain_set_u32(object, UInt16(NFTNL_CHAIN_POLICY.rawValue), UInt32(NF_ACCEPT))
            }
            unsafe nftnl_chain_nlmsg_build_payload(header, object)
        }
    }

    fileprivate mutating func add(_ rule: NFRule, chain: String, table: String) throws(NetlinkError) {
        let request = NetlinkRequest(
            nfTables: "add a rule to inet \(table) \(chain)", NFT_MSG_NEWRULE,
            flags: NLM_F_CREATE | NLM_F_APPEND | NLM_F_ACK)
        unsafe try append(request) { header in
            unsafe writeFamily(to: header)
            guard let object = unsafe nftnl_rule_alloc() else { preconditionFailure("no memory for a rule") }
            defer { unsafe nftnl_rule_free(object) }
            unsafe nftnl_rule_set_str(object, UInt16(NFTNL_RULE_TABLE.rawValue), table)
            unsafe nftnl_rule_set_str(object, UInt16(NFTNL_RULE_CHAIN.rawValue), chain)
            for expression in rule.expressions {
                // The rule owns it from here on.
                unsafe nftnl_rule_add_expr(object, expression.allocated())
            }
            unsafe nftnl_rule_nlmsg_build_payload(header, object)
        }
    }
}

private func writeTable(_ name: String, to header: UnsafeMutablePointer<nlmsghdr>) {
    unsafe writeFamily(to: header)
    unsafe mnl_attr_put_strz(header, UInt16(NFTA_TABLE_NAME.rawValue), name)
}

/// All tables of ours are of the family `inet`: one set of rules for IPv4 and IPv6.
func writeFamily(to header: UnsafeMutablePointer<nlmsghdr>) {
    let family = nfgenmsg(nfgen_family: UInt8(NFPROTO_INET), version: UInt8(NFNETLINK_V0), res_id: 0)
    unsafe mnl_nlmsg_put_extra_header(header, MemoryLayout<nfgenmsg>.size)?
        .storeBytes(of: family, as: nfgenmsg.self)
}
