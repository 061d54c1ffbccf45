import CMnl
import CNftnl

/// How long conntrack remembers a TCP connection without a packet, by its state: a named object of a table, which a
/// rule gives to connections (nft(8), "ct timeout").
package struct NFTimeouts: Hashable, Sendable {
    /// Each state must be there, so that what is read back compares equal: the kernel fills in what is missing.
    package let seconds: [State: UInt32]

    /// ctattr_timeout_tcp, with the time that the kernel gives by itself (nf_conntrack_proto_tcp.c).
    package enum State: UInt16, Hashable, Sendable, CaseIterable {
        case synSent = 1
        case synReceived, established, finWait, closeWait, lastACK, timeWait, close, synSent2, retransmitting
        case unacknowledged

        fileprivate var usualSeconds: UInt32 {
            switch self {
            case .synSent, .finWait, .timeWait, .synSent2: 120
            case .synReceived, .closeWait: 60
            case .established: 5 * 24 * 3600
            case .lastACK: 30
            case .close: 10
            case .retransmitting, .unacknowledged: 300
            }
        }
    }

    /// The kernel's usual times, but for those that are named.
    package init(differing: [State: UInt32]) {
        let usual = Dictionary(uniqueKeysWithValues: State.allCases.map { ($0, $0.usualSeconds) })
        seconds = usual.merging(differing) { $1 }
    }

    private init(seconds: [State: UInt32]) { self.seconds = seconds }
}

// MARK: - Writing

extension NetlinkBatch {
    mutating func add(_ timeouts: NFTimeouts, name: String, table: String) throws(NetlinkError) {
        let request = NetlinkRequest(
            nfTables: "add ct timeout inet \(table) \(name)", NFT_MSG_NEWOBJ, flags: NLM_F_CREATE | NLM_F_ACK)
        unsafe try append(request) { header in
            unsafe writeFamily(to: header)
            unsafe mnl_attr_put_strz(header, UInt16(NFTA_OBJ_TABLE.rawValue), table)
            unsafe mnl_attr_put_strz(header, UInt16(NFTA_OBJ_NAME.rawValue), name)
            unsafe mnl_attr_put_u32(header, UInt16(NFTA_OBJ_TYPE.rawValue), UInt32(NFT_OBJECT_CT_TIMEOUT).bigEndian)
            let data = unsafe mnl_attr_nest_start(header, UInt16(NFTA_OBJ_DATA.rawValue))
            // The kernel needs a family here and applies the object to both.
            unsafe mnl_attr_put_u16(
                header, UInt16(NFTA_CT_TIMEOUT_L3PROTO.rawValue), UInt16(NFPROTO_IPV4).bigEndian)
            unsafe mnl_attr_put_u8(header, UInt16(NFTA_CT_TIMEOUT_L4PROTO.rawValue), UInt8(IPPROTO_TCP))
            let policy = unsafe mnl_attr_nest_start(header, UInt16(NFTA_CT_TIMEOUT_DATA.rawValue))
            for state in NFTimeouts.State.allCases {
                unsafe mnl_attr_put_u32(header, state.rawValue, (timeouts.seconds[state] ?? 0).bigEndian)
            }
            unsafe mnl_attr_nest_end(header, policy)
            unsafe mnl_attr_nest_end(header, data)
        }
    }
}

// MARK: - Reading

extension NetlinkSocket {
    /// By name.
    borrowing func timeouts(ofTable name: String) throws(NetlinkError) -> [String: NFTimeouts] {
        var timeouts: [String: NFTimeouts] = [:]
        let request = NetlinkRequest(nfTables: "list the objects of inet \(name)", NFT_MSG_GETOBJ, flags: NLM_F_DUMP)
        unsafe try dump(
            request,
            write: { header in
                unsafe writeFamily(to: header)
                unsafe mnl_attr_put_strz(header, UInt16(NFTA_OBJ_TABLE.rawValue), name)
            },
            restart: { timeouts = [:] },
            visit: { message throws(NetlinkError) in
                guard let listed = try ListedTimeouts(message), listed.table == name else { return }
                timeouts[listed.name] = listed.timeouts
            })
        return timeouts
    }
}

/// An object with timeouts as the kernel lists it.
package struct ListedTimeouts: Hashable {
    package let table: String
    package let name: String
    package let timeouts: NFTimeouts

    /// Nil for a message of another kind.
    package init?(_ message: NetlinkMessage) throws(NetlinkError) {
        guard message.isNFTables(NFT_MSG_NEWOBJ) else { return nil }
        let object = try NetlinkAttributes(message.payload.dropFirst(MemoryLayout<nfgenmsg>.size))
        guard let table = object.text(NFTA_OBJ_TABLE.rawValue), let name = object.text(NFTA_OBJ_NAME.rawValue),
            object.big(NFTA_OBJ_TYPE.rawValue) == UInt32(NFT_OBJECT_CT_TIMEOUT)
        else { return nil }
        self.table = table
        self.name = name
        timeouts = try NFTimeouts(object.nested(NFTA_OBJ_DATA.rawValue))
    }
}

extension NFTimeouts {
    fileprivate init(_ data: NetlinkAttributes) throws(NetlinkError) {
        let isTCP = data.byte(NFTA_CT_TIMEOUT_L4PROTO.rawValue) == UInt8(IPPROTO_TCP)
        let policy = try data.nested(NFTA_CT_TIMEOUT_DATA.rawValue)
        var seconds: [State: UInt32] = [:]
        for state in State.allCases where isTCP { seconds[state] = policy.big(state.rawValue) }
        self.init(seconds: seconds)
    }
}
