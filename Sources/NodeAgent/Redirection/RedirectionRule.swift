import Netlink

/// One rule of a pod's redirection: packets that match all of `matches` get `action`.
struct RedirectionRule: Hashable, Sendable {
    enum Action: Hashable, Sendable {
        /// Passes; no later rule of the chain is asked.
        case accept
        /// Goes to this port of the pod instead; the socket there can ask for the original destination.
        case redirect(to: UInt16)
        /// Is answered by a reset.
        case refuse
        /// The connection gets a mark, which all of its packets can be known by.
        case markConnection(PacketMark)
        /// The packet gets its connection's mark, and is routed by it.
        case restoreMark
        /// Conntrack remembers the connection for as long as these timeouts say.
        case remember(as: String)
        /// Conntrack keeps the flow apart from others with the same addresses.
        case separate(zone: UInt16)
        /// Conntrack keeps who opened the connection apart from others with the same addresses, and knows its answers by theirs.
        case separateCaller(zone: UInt16)
    }

    let matches: [PacketMatch]
    let action: Action

    init(_ matches: PacketMatch..., action: Action) {
        self.matches = matches
        self.action = action
    }

    var rule: NFRule { NFRule(matches.flatMap(\.expressions) + action.expressions) }
}

extension RedirectionRule.Action {
    fileprivate var expressions: [NFExpression] {
        switch self {
        case .accept: [.accept]
        case .redirect(let port): [.loadConstant(port.network), .redirect]
        case .refuse: [.rejectWithReset]
        case .markConnection(let mark): [.loadConnection(.mark), mark.mixedIn, .storeConnection(.mark)]
        case .restoreMark: [.loadConnection(.mark), .storeMark]
        case .remember(let name): [.setTimeouts(name)]
        case .separate(let zone): [.loadConstant(zone.native), .storeConnection(.zone)]
        case .separateCaller(let zone): [.loadConstant(zone.native), .storeOriginalZone]
        }
    }
}

extension UInt16 {
    fileprivate var native: [UInt8] { littleEndian == self ? network.reversed() : network }

    /// From bytes in the host's order; nil when they are no such number.
    init?(native bytes: [UInt8]) {
        guard bytes.count == 2 else { return nil }
        let number = UInt16(bytes[0]) | UInt16(bytes[1]) << 8
        self = UInt16(littleEndian: number)
    }
}
