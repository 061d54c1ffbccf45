import CNftnl

/// An nftables table of the family `inet` with everything in it, as a value: what is written, and what is read back.
package struct NFTable: Hashable, Sendable {
    package let name: String
    /// NFT_TABLE_F_…; ours have none. A dormant table, say, is there and does nothing.
    package let flags: UInt32
    package let timeouts: [String: NFTimeouts]
    /// By name: the kernel's order of chains has no meaning.
    package let chains: [String: NFChain]

    package init(name: String, flags: UInt32 = 0, timeouts: [String: NFTimeouts] = [:], chains: [String: NFChain]) {
        self.name = name
        self.flags = flags
        self.timeouts = timeouts
        self.chains = chains
    }
}

package struct NFChain: Hashable, Sendable {
    /// Where packets enter this chain; nil for a chain that only other chains jump to.
    package let hook: NFHook?
    /// In the order in which they are tried. A packet that no rule decides passes.
    package let rules: [NFRule]

    package init(hook: NFHook?, rules: [NFRule]) {
        self.hook = hook
        self.rules = rules
    }
}

package struct NFRule: Hashable, Sendable {
    package let expressions: [NFExpression]

    package init(_ expressions: [NFExpression]) { self.expressions = expressions }
}

/// Where and when a chain sees packets (nft(8), "Chains").
package struct NFHook: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case filter, nat
        /// Routes a packet anew when its mark changed.
        case route
    }

    package enum Point: UInt32, Hashable, Sendable, CaseIterable {
        // nf_inet_hooks
        case prerouting = 0
        case input = 1
        case forward = 2
        case output = 3
        case postrouting = 4
    }

    package let kind: Kind
    package let point: Point
    /// Lower comes earlier.
    package let priority: Int32

    package init(_ kind: Kind, at point: Point, priority: Int32) {
        self.kind = kind
        self.point = point
        self.priority = priority
    }

    /// Where each kind of chain usually stands: -300 "raw", -150 "mangle", -100 "dstnat", 0 "filter".
    package static let manglePriority: Int32 = -150
    package static let destinationNATPriority: Int32 = -100
    package static let filterPriority: Int32 = 0
    /// Before conntrack, which comes at -200.
    package static let rawPriority: Int32 = -300
}
