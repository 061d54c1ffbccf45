import CMnl
import Glibc
package import Mesh

/// A TCP connection as the socket of one of its ends knows it.
package struct TCPConnection: Hashable, Sendable {
    package var local: SocketAddress
    package var remote: SocketAddress
    /// SO_MARK.
    package var mark: UInt32
    /// Whether at least one side still has something to say.
    package var isOpen: Bool

    package init(local: SocketAddress, remote: SocketAddress, mark: UInt32 = 0, isOpen: Bool = true) {
        self.local = local
        self.remote = remote
        self.mark = mark
        self.isOpen = isOpen
    }
}

extension NetlinkSocket {
    /// The TCP connections that the socket's namespace has an end of (sock_diag(7)). The bus is `.sockets`.
    package borrowing func tcpConnections() throws(NetlinkError) -> [TCPConnection] {
        try tcpSockets(.v4, TCPState.connected) + tcpSockets(.v6, TCPState.connected)
    }

    /// The sockets that wait for connections; their remote end is unspecified. The bus is `.sockets`.
    package borrowing func tcpListeners() throws(NetlinkError) -> [TCPConnection] {
        try tcpSockets(.v4, TCPState.listening) + tcpSockets(.v6, TCPState.listening)
    }

    private borrowing func tcpSockets(
        _ family: IPAddress.Family, _ states: [UInt8]
    ) throws(NetlinkError) -> [TCPConnection] {
        var connections: [TCPConnection] = []
        let request = NetlinkRequest("list the TCP sockets", type: SOCK_DIAG_BY_FAMILY, flags: NLM_F_DUMP)
        unsafe try dump(
            request,
            write: { header in
                var form = inet_diag_req_v2()
                form.sdiag_family = UInt8(family == .v4 ? AF_INET : AF_INET6)
                form.sdiag_protocol = UInt8(IPPROTO_TCP)
                form.idiag_states = states.reduce(0) { $0 | 1 << UInt32($1) }
                unsafe mnl_nlmsg_put_extra_header(header, MemoryLayout<inet_diag_req_v2>.size)?
                    .storeBytes(of: form, as: inet_diag_req_v2.self)
            },
            restart: { connections = [] },
            visit: { message throws(NetlinkError) in
                if message.type == UInt16(SOCK_DIAG_BY_FAMILY) { connections.append(try TCPConnection(message)) }
            })
        return connections
    }
}

/// What the kernel calls the states of a connection (net/tcp_states.h).
private enum TCPState {
    /// Established, and each side closed in turn: FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT.
    static let open: [UInt8] = [1, 4, 5, 8]
    /// Both have closed, and not all of it has arrived: LAST_ACK, CLOSING.
    static let closing: [UInt8] = [9, 11]
    static let connected = open + closing
    static let listening: [UInt8] = [10]
}

extension TCPConnection {
    /// struct inet_diag_msg (linux/inet_diag.h): family, state, two bytes more, ports, 16 bytes for each address, and what does
    /// not matter here; attributes follow.
    init(_ message: NetlinkMessage) throws(NetlinkError) {
        let bytes = Array(message.payload)
        guard bytes.count >= MemoryLayout<inet_diag_msg>.size else {
            throw .malformed("a socket of \(bytes.count) bytes")
        }
        let isIPv6 = bytes[0] == UInt8(AF_INET6)
        func address(_ port: Int, _ ip: Int) throws(NetlinkError) -> SocketAddress {
            guard let ip = IPAddress(bytes: bytes[ip..<ip + (isIPv6 ? 16 : 4)]) else { throw .malformed("an address") }
            return SocketAddress(ip, UInt16(bytes[port]) << 8 | UInt16(bytes[port + 1]))
        }
        local = try address(4, 8)
        remote = try address(6, 24)
        isOpen = TCPState.open.contains(bytes[1])
        let attributes = try NetlinkAttributes(bytes[MemoryLayout<inet_diag_msg>.size...])
        mark = attributes.native(INET_DIAG_MARK) ?? 0
    }
}
