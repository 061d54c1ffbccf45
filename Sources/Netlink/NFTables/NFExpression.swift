import CNftnl

/// One step of an nftables rule. Steps run in order on one register; a comparison that fails ends the rule.
///
/// Only what our rules need, in the form in which the kernel gives it back, so that what was written and what is read
/// compare equal. All steps use register 1 (NFT_REG_1, 16 bytes).
package enum NFExpression: Hashable, Sendable {
    /// Loads a fact about the packet.
    case load(NFMeta)
    /// Sets the packet's mark from the register.
    case storeMark
    /// Loads a fact about the packet's conntrack entry; a packet without one ends the rule.
    case loadConnection(NFConnectionFact)
    /// Sets a fact about the packet's conntrack entry from the register.
    case storeConnection(NFConnectionFact)
    /// Keeps the packet's addresses apart, in the zone in the register, from the same addresses in other zones; those of the
    /// answer stay where they are. Only before conntrack has seen the packet.
    case storeOriginalZone
    /// Gives the packet's conntrack entry, as long as it is new, the timeouts of that name.
    case setTimeouts(String)
    /// Loads bytes of a header.
    case loadHeader(NFHeader, offsetBytes: UInt32, lengthBytes: UInt32)
    /// register = (register & mask) ^ xor.
    case bitwise(mask: [UInt8], xor: [UInt8])
    case compare(NFComparison, [UInt8])
    case loadConstant([UInt8])
    /// Rewrites the destination to this host, at the port in the register (network byte order).
    case redirect
    /// Answers a TCP packet with a reset and drops it.
    case rejectWithReset
    case accept
    /// Read back, and none of the above: the expression's name.
    case unknown(String)
}

package enum NFComparison: Hashable, Sendable {
    case equal, notEqual
}

/// Facts about a packet (nft_meta_keys).
package enum NFMeta: Hashable, Sendable, CaseIterable {
    case mark, inputInterface, outputInterface, networkProtocol, layer4Protocol

    var key: UInt32 {
        switch self {
        case .mark: NFT_META_MARK.rawValue
        case .inputInterface: NFT_META_IIF.rawValue
        case .outputInterface: NFT_META_OIF.rawValue
        case .networkProtocol: NFT_META_NFPROTO.rawValue
        case .layer4Protocol: NFT_META_L4PROTO.rawValue
        }
    }
}

/// Facts about a conntrack entry (nft_ct_keys).
package enum NFConnectionFact: Hashable, Sendable, CaseIterable {
    /// `zone` can only be set before conntrack has seen the packet.
    case mark, direction, status, zone

    var key: UInt32 {
        switch self {
        case .mark: NFT_CT_MARK.rawValue
        case .direction: NFT_CT_DIRECTION.rawValue
        case .status: NFT_CT_STATUS.rawValue
        case .zone: NFT_CT_ZONE.rawValue
        }
    }
}

/// Headers that bytes are loaded from (nft_payload_bases).
package enum NFHeader: Hashable, Sendable, CaseIterable {
    case network, transport

    var base: UInt32 {
        switch self {
        case .network: NFT_PAYLOAD_NETWORK_HEADER.rawValue
        case .transport: NFT_PAYLOAD_TRANSPORT_HEADER.rawValue
        }
    }
}
