import CMnl
import CNftnl

extension NetlinkSocket {
    /// A table as it is in the socket's namespace now; nil when there is none of that name.
    package borrowing func read(table name: String) throws(NetlinkError) -> NFTable? {
        guard let flags = try flags(ofTable: name) else { return nil }
        let hooks = try hooks(ofTable: name)
        let rules = try rules(ofTable: name)
        let chains = hooks.map { ($0.key, NFChain(hook: $0.value, rules: rules[$0.key] ?? [])) }
        return NFTable(
            name: name, flags: flags, timeouts: try timeouts(ofTable: name),
            chains: Dictionary(uniqueKeysWithValues: chains))
    }

    private borrowing func flags(ofTable name: String) throws(NetlinkError) -> UInt32? {
        var flags: UInt32?
        let request = NetlinkRequest(nfTables: "list the tables of inet", NFT_MSG_GETTABLE, flags: NLM_F_DUMP)
        unsafe try dump(
            request, write: { header in unsafe writeFamily(to: header) }, restart: { flags = nil },
            visit: { message throws(NetlinkError) in
                guard message.isNFTables(NFT_MSG_NEWTABLE) else { return }
                let attributes = try NetlinkAttributes(message.payload.dropFirst(MemoryLayout<nfgenmsg>.size))
                guard attributes.text(NFTA_TABLE_NAME.rawValue) == name else { return }
                flags = attributes.big(NFTA_TABLE_FLAGS.rawValue) ?? 0
            })
        return flags
    }

    private borrowing func hooks(ofTable name: String) throws(NetlinkError) -> [String: NFHook?] {
        var hooks: [String: NFHook?] = [:]
        let request = NetlinkRequest(nfTables: "list the chains of inet \(name)", NFT_MSG_GETCHAIN, flags: NLM_F_DUMP)
        unsafe try dump(
            request, write: { header in unsafe writeFamily(to: header) }, restart: { hooks = [:] },
            visit: { message throws(NetlinkError) in
                guard let chain = try ListedChain(message), chain.table == name else { return }
                hooks[chain.name] = .some(chain.hook)
            })
        return hooks
    }

    /// By chain, in order.
    private borrowing func rules(ofTable name: String) throws(NetlinkError) -> [String: [NFRule]] {
        var rules: [String: [NFRule]] = [:]
        let request = NetlinkRequest(nfTables: "list the rules of inet \(name)", NFT_MSG_GETRULE, flags: NLM_F_DUMP)
        unsafe try dump(
            request,
            write: { header in
                unsafe writeFamily(to: header)
                unsafe mnl_attr_put_strz(header, UInt16(NFTA_RULE_TABLE.rawValue), name)
            },
            restart: { rules = [:] },
            visit: { message throws(NetlinkError) in
                guard let rule = try ListedRule(message), rule.table == name else { return }
                rules[rule.chain, default: []].append(rule.rule)
            })
        return rules
    }
}

/// A chain as the kernel lists it.
private struct ListedChain {
    let table: String
    let name: String
    let hook: NFHook?

    /// Nil for a message of another kind.
    init?(_ message: NetlinkMessage) throws(NetlinkError) {
        guard message.isNFTables(NFT_MSG_NEWCHAIN) else { return nil }
        guard let chain = unsafe nftnl_chain_alloc() else { preconditionFailure("no memory for a chain") }
        defer { unsafe nftnl_chain_free(chain) }
        guard unsafe message.parse({ header in unsafe nftnl_chain_nlmsg_parse(header, chain) }) else {
            throw .malformed("a chain")
        }
        guard let table = unsafe nftnl_chain_get_str(chain, UInt16(NFTNL_CHAIN_TABLE.rawValue)),
            let name = unsafe nftnl_chain_get_str(chain, UInt16(NFTNL_CHAIN_NAME.rawValue))
        else { throw .malformed("a chain without a name") }
        self.table = unsafe String(cString: table)
        self.name = unsafe String(cString: name)
        hook = unsafe Self.hook(of: chain)
    }

    /// Nil also for a kind, a point or a policy that our chains never have: it then differs from what was written.
    private static func hook(of chain: OpaquePointer) -> NFHook? {
        guard let type = unsafe nftnl_chain_get_str(chain, UInt16(NFTNL_CHAIN_TYPE.rawValue)),
            let kind = unsafe NFHook.Kind(rawValue: String(cString: type)),
            let point = unsafe NFHook.Point(
                rawValue: nftnl_chain_get_u32(chain, UInt16(NFTNL_CHAIN_HOOKNUM.rawValue))),
            unsafe nftnl_chain_get_u32(chain, UInt16(NFTNL_CHAIN_POLICY.rawValue)) == UInt32(NF_ACCEPT)
        else { return nil }
        let priority = unsafe nftnl_chain_get_s32(chain, UInt16(NFTNL_CHAIN_PRIO.rawValue))
        return NFHook(kind, at: point, priority: priority)
    }
}

/// A rule as the kernel lists it.
private struct ListedRule {
    let table: String
    let chain: String
    let rule: NFRule

    /// Nil for a message of another kind.
    init?(_ message: NetlinkMessage) throws(NetlinkError) {
        guard message.isNFTables(NFT_MSG_NEWRULE) else { return nil }
        guard let rule = unsafe nftnl_rule_alloc() else { preconditionFailure("no memory for a rule") }
        defer { unsafe nftnl_rule_free(rule) }
        guard unsafe message.parse({ header in unsafe nftnl_rule_nlmsg_parse(header, rule) }) else {
            throw .malformed("a rule")
        }
        guard let table = unsafe nftnl_rule_get_str(rule, UInt16(NFTNL_RULE_TABLE.rawValue)),
            let chain = unsafe nftnl_rule_get_str(rule, UInt16(NFTNL_RULE_CHAIN.rawValue))
        else { throw .malformed("a rule without a chain") }
        self.table = unsafe String(cString: table)
        self.chain = unsafe String(cString: chain)
        self.rule = unsafe NFRule(Self.expressions(of: rule))
    }

    private static func expressions(of rule: OpaquePointer) -> [NFExpression] {
        guard let iterator = unsafe nftnl_expr_iter_create(rule) else { preconditionFailure("no memory to iterate") }
        defer { unsafe nftnl_expr_iter_destroy(iterator) }
        var expressions: [NFExpression] = []
        while let expression = unsafe nftnl_expr_iter_next(iterator) {
            unsafe expressions.append(NFExpression(reading: expression))
        }
        return expressions
    }
}

extension NetlinkMessage {
    func isNFTables(_ kind: nf_tables_msg_types) -> Bool {
        UInt32(type) == UInt32(NFNL_SUBSYS_NFTABLES) << 8 | kind.rawValue
    }

    /// Gives the message to one of the library's parsers, which reads no further than the header's length.
    fileprivate func parse(_ parser: (UnsafePointer<nlmsghdr>) -> CInt) -> Bool {
        unsafe bytes.withUnsafeBytes { bytes in
            guard let header = unsafe bytes.baseAddress?.assumingMemoryBound(to: nlmsghdr.self) else { return false }
            return unsafe parser(header) >= 0
        }
    }
}
