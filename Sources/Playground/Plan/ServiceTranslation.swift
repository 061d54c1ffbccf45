import Mesh

/// One node's nftables rules for clients outside the mesh: a connection to a service's virtual address goes to one of its
/// endpoints, chosen at random. Enrolled clients never come here; their ztunnel has chosen before.
struct ServiceTranslation: Hashable, Sendable {
    enum Transport: String, Hashable, Sendable { case tcp, udp }

    struct Port: Hashable, Sendable {
        var address: IPAddress
        var transport: Transport
        var port: UInt16
        var endpoints: [SocketAddress]

        init(address: IPAddress, transport: Transport, port: UInt16, endpoints: [SocketAddress]) {
            self.address = address
            self.transport = transport
            self.port = port
            self.endpoints = endpoints
        }
    }

    static let table = "slipstream-services"

    var ports: [Port]

    init(ports: [Port]) {
        self.ports = ports
    }

    /// What `nft -f` reads: the whole table, put in place of the old one in one transaction.
    var script: String {
        let sorted = ports.sorted {
            ($0.address.low, $0.port, $0.transport.rawValue) < ($1.address.low, $1.port, $1.transport.rawValue)
        }
        return """
            add table ip \(Self.table)
            delete table ip \(Self.table)
            table ip \(Self.table) {
              chain refuse {
                type filter hook prerouting priority raw; policy accept;
            \(sorted.filter(\.endpoints.isEmpty).map(refusal).joined(separator: "\n"))
              }
              chain choose {
            \(sorted.filter { !$0.endpoints.isEmpty }.map(choice).joined(separator: "\n"))
              }
              chain from-pods {
                type nat hook prerouting priority dstnat; policy accept;
                jump choose
              }
              chain from-node {
                type nat hook output priority -100; policy accept;
                jump choose
              }
              chain to-oneself {
                type nat hook postrouting priority srcnat; policy accept;
            \(hairpins.map { "    ct status dnat ip saddr \($0) ip daddr \($0) masquerade" }.joined(separator: "\n"))
              }
            }

            """
    }

    private func refusal(_ port: Port) -> String {
        let answer = port.transport == .tcp ? "reject with tcp reset" : "reject"
        return "    ip daddr \(port.address) \(port.transport.rawValue) dport \(port.port) \(answer)"
    }

    private func choice(_ port: Port) -> String {
        let endpoints = port.endpoints.sorted { ($0.ip.low, $0.port) < ($1.ip.low, $1.port) }
        let map = endpoints.enumerated().map { "\($0.offset) : \($0.element.ip) . \($0.element.port)" }
        let target = "numgen random mod \(endpoints.count) map { \(map.joined(separator: ", ")) }"
        return
            "    ip daddr \(port.address) \(port.transport.rawValue) dport \(port.port) dnat ip addr . port to \(target)"
    }

    /// A pod that is sent to itself would take the answer for a stranger's, unless its node stands between.
    private var hairpins: [IPAddress] {
        Set(ports.flatMap(\.endpoints).map(\.ip)).sorted { $0.low < $1.low }
    }
}
