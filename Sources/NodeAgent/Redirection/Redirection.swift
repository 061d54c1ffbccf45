import Mesh
import Netlink

/// The rules in a pod's network namespace that lead its TCP to the node proxy, as a pure value.
///
/// **Only a connection's first SYN is redirected.** nftables asks a `nat` chain once per conntrack entry, and conntrack
/// makes an entry for a connection in mid-flow when it begins to watch (nf_conntrack_tcp_loose): were its next packet
/// redirected, the connection would be reset. So connections older than the rules go on as they are, in both
/// directions.
///
/// **Nothing gets past by way of that.** A peer could send an ACK first, so that an entry without redirection exists,
/// and its SYN after it, which conntrack lets pass under that entry. The `guard` chains refuse each SYN that reaches
/// the pod, or leaves it, without having been redirected.
struct Redirection: Hashable, Sendable {
    /// Connections to the pod are led to the proxy, too; false for ingress gateways, which take them themselves.
    var capturesInbound = true
    /// Connections to these ports come in as they are. A machine has doors that must open when the proxy does not: sshd's.
    var passedPorts: Set<UInt16> = []
    /// Names are resolved by the proxy. It must then listen on 15053 of the pod's loopback addresses.
    var capturesDNS = false
    /// Source addresses that the host gives to its health probes, which are let in as they are. The host must give them
    /// to nothing else.
    var hostProbes: [IPAddress] = []

    /// A captured connection may wait half closed for an answer. Conntrack usually forgets it after a minute; what
    /// comes then would be neither translated nor marked. Not every kernel can be told to wait
    /// (CONFIG_NF_CONNTRACK_TIMEOUT).
    var remembersHalfClosed = true

    /// Where conntrack keeps what the proxy opens. It calls under its client's address, or the pod's own, from a port that the
    /// kernel chose without knowing which ones that client uses: a client's connection from the same port to the same place
    /// would be taken for the proxy's, and not be captured. Nil for nowhere else, as agents before this one had it.
    var proxyZone: UInt16? = 1

    static let tableName = "slipstream"
    static let policyRoute = PolicyRoute(
        mark: PacketMark.spoofed.value, mask: PacketMark.mask, priority: 32764, table: 100)

    /// A pod in the mesh.
    var capturing: NFTable {
        var rules = spoofing
        rules["nat-output"] = outbound
        rules["guard-output"] = outboundGuard
        if capturesInbound {
            rules["nat-prerouting"] = inbound
            rules["guard-input"] = inboundGuard
        }
        if capturesDNS { rules.merge(Self.separateDNS) { $0 + $1 } }
        guard remembersHalfClosed else { return Self.table(rules) }
        for chain in ["mangle-prerouting", "mangle-output"] { rules[chain, default: []].insert(Self.patience, at: 0) }
        return Self.table(rules, timeouts: [Self.patientTimeouts: Self.halfClosed])
    }

    /// A pod that is leaving the mesh: no new connection is captured, and those that were go on. The empty `nat` chains
    /// keep the kernel translating them.
    var draining: NFTable { Self.table(spoofing) }

    private static func table(
        _ rules: [String: [RedirectionRule]], timeouts: [String: NFTimeouts] = [:]
    ) -> NFTable {
        var chains: [String: NFChain] = [:]
        for (name, hook) in hooks { chains[name] = NFChain(hook: hook, rules: (rules[name] ?? []).map(\.rule)) }
        for (name, hook) in rawHooks {
            if let rules = rules[name] { chains[name] = NFChain(hook: hook, rules: rules.map(\.rule)) }
        }
        return NFTable(name: tableName, timeouts: timeouts, chains: chains)
    }

    private static let hooks: [String: NFHook] = [
        "mangle-prerouting": NFHook(.filter, at: .prerouting, priority: NFHook.manglePriority),
        "mangle-output": NFHook(.route, at: .output, priority: NFHook.manglePriority),
        "nat-prerouting": NFHook(.nat, at: .prerouting, priority: NFHook.destinationNATPriority),
        "nat-output": NFHook(.nat, at: .output, priority: NFHook.destinationNATPriority),
        "guard-input": NFHook(.filter, at: .input, priority: NFHook.filterPriority),
        "guard-output": NFHook(.filter, at: .output, priority: NFHook.filterPriority),
    ]

    /// Before conntrack.
    private static let rawHooks: [String: NFHook] = [
        "raw-prerouting": NFHook(.filter, at: .prerouting, priority: NFHook.rawPriority),
        "raw-output": NFHook(.filter, at: .output, priority: NFHook.rawPriority),
    ]
}

// MARK: - The rules

extension Redirection {
    /// What comes to the pod goes to the proxy, but for tunnels, which it takes itself. What is addressed to
    /// 127.0.0.0/8 from outside is left for routing to drop: redirected, it would reach services that listen on
    /// loopback only.
    private var inbound: [RedirectionRule] {
        [RedirectionRule(.cameByLoopback, action: .accept), RedirectionRule(.toIPv4Loopback, action: .accept)]
            + passedOn
            + [
                RedirectionRule(
                    .opensConnection, .notToPort(MeshPort.inboundHBONE),
                    action: .redirect(to: MeshPort.inboundPlaintext))
            ]
    }

    /// What the pod opens goes to the proxy, but for what stays within the pod and what the proxy opens itself.
    private var outbound: [RedirectionRule] {
        [
            RedirectionRule(.leavesByLoopback, action: .accept),
            RedirectionRule(.marked(.proxy), action: .accept),
        ] + (capturesDNS ? Self.names : []) + [
            RedirectionRule(.opensConnection, action: .redirect(to: MeshPort.outbound))
        ]
    }

    private static let names = [
        RedirectionRule(.isUDP, .toPort(53), action: .redirect(to: MeshPort.dns)),
        RedirectionRule(.opensConnection, .toPort(53), action: .redirect(to: MeshPort.dns)),
    ]

    private var inboundGuard: [RedirectionRule] {
        [
            RedirectionRule(.cameByLoopback, action: .accept),
            RedirectionRule(.wasRedirected, action: .accept),
        ] + passedOn + [
            RedirectionRule(.opensConnection, .notToPort(MeshPort.inboundHBONE), action: .refuse)
        ]
    }

    private var outboundGuard: [RedirectionRule] {
        [
            RedirectionRule(.leavesByLoopback, action: .accept),
            RedirectionRule(.marked(.proxy), action: .accept),
            RedirectionRule(.wasRedirected, action: .accept),
            RedirectionRule(.opensConnection, action: .refuse),
        ]
    }

    private var passedOn: [RedirectionRule] {
        hostProbes.map { RedirectionRule(.from($0), action: .accept) }
            + passedPorts.sorted().map { RedirectionRule(.opensConnection, .toPort($0), action: .accept) }
    }

    /// The proxy calls an application under its client's address. The answer is addressed to that client: it gets the
    /// connection's mark, by which the policy route leads it back to the proxy.
    private var spoofing: [String: [RedirectionRule]] {
        var rules = [
            "mangle-prerouting": [
                RedirectionRule(.cameByLoopback, .marked(.proxy), action: .markConnection(.spoofed))
            ],
            "mangle-output": [
                RedirectionRule(.isReply, .connectionMarked(.spoofed), action: .restoreMark)
            ],
        ]
        if let proxyZone {
            rules["raw-output"] = [
                RedirectionRule(.isTCP, .marked(.proxy), action: .separateCaller(zone: proxyZone))
            ]
        }
        return rules
    }

    /// The same for a pod that has this table, perhaps of another agent's making. The zone stays: in another one, conntrack would
    /// not know the proxy's open connections.
    func continuing(_ table: NFTable?) -> Redirection {
        guard let table else { return self }
        var redirection = self
        // Where only the rule is gone, somebody has taken it away.
        guard let chain = table.chains["raw-output"] else {
            redirection.proxyZone = nil
            return redirection
        }
        for case .loadConstant(let bytes) in chain.rules.filter(\.separatesCallers).flatMap(\.expressions) {
            redirection.proxyZone = UInt16(native: bytes)
        }
        return redirection
    }

    private static let patientTimeouts = "half-closed"
    private static let patience = RedirectionRule(.opensConnection, action: .remember(as: patientTimeouts))
    /// As long as a day. An end that is gone shows earlier, by the proxy's keep-alive.
    private static let halfClosed = NFTimeouts(differing: [.finWait: 86_400, .closeWait: 86_400])

    /// The proxy asks name servers from the pod's own address, perhaps from a port that the pod uses too.
    private static let separateDNS: [String: [RedirectionRule]] = [
        "raw-output": [RedirectionRule(.isUDP, .toPort(53), .marked(.proxy), action: .separate(zone: 1))],
        "raw-prerouting": [RedirectionRule(.isUDP, .fromPort(53), .notMarked(.proxy), action: .separate(zone: 1))],
    ]
}

extension NFRule {
    fileprivate var separatesCallers: Bool { expressions.last == .storeOriginalZone }
}
