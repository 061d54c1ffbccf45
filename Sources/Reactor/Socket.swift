import CLinux
import Glibc
package import Mesh

/// TCP sockets: made, asked and set. Each call is one system call, or a few that belong together.
package enum Socket {
    /// How a socket is set up before it connects or listens.
    package struct Options: Sendable {
        /// SO_MARK, which keeps our own sockets out of the capture rules; nil sets none.
        package var mark: UInt32?
        /// IP_TRANSPARENT: the socket may be bound to an address that is not the host's.
        package var isTransparent = false
        /// The source address to connect from.
        package var source: IPAddress?
        /// The port to connect from; 0 leaves it to the kernel. One that leads to the same place already is an error.
        package var sourcePort: UInt16 = 0
        package var keepAlive: KeepAlive?

        package init(mark: UInt32? = nil, keepAlive: KeepAlive? = nil) {
            self.mark = mark
            self.keepAlive = keepAlive
        }
    }

    package struct KeepAlive: Sendable {
        package var idleSeconds: CInt = 180
        package var intervalSeconds: CInt = 180
        package var probes: CInt = 9

        package init() {}
    }

    // MARK: Making

    /// A listening socket on `address`, non-blocking. What is accepted from it has its options, and sends small writes at once.
    ///
    /// - Parameter isShared: with others on the same port, among which the kernel divides what comes (SO_REUSEPORT). Otherwise
    ///   a port that somebody listens on is an error.
    package static func listen(
        on address: SocketAddress, backlog: CInt, options: Options = Options(), isShared: Bool = true
    ) throws(Errno) -> Descriptor {
        let socket = try make(address.ip.family)
        try set(socket.raw, SOL_SOCKET, SO_REUSEADDR, 1)
        if isShared { try set(socket.raw, SOL_SOCKET, SO_REUSEPORT, 1) }
        // [::] takes IPv4 as well, whatever the host's bindv6only says.
        if address.ip.family == .v6 { try set(socket.raw, CInt(IPPROTO_IPV6), IPV6_V6ONLY, 0) }
        try apply(options, to: socket.raw, address.ip.family)
        try set(socket.raw, CInt(IPPROTO_TCP), TCP_NODELAY, 1)
        guard unsafe address.withKernelForm({ unsafe bind(socket.raw, $0, $1) }) == 0 else { throw .last }
        guard Glibc.listen(socket.raw, backlog) == 0 else { throw .last }
        return socket
    }

    /// A socket on its way to `address`: its first writable event tells that it has arrived, or `pendingError` why not.
    package static func connect(to address: SocketAddress, options: Options) throws(Errno) -> Descriptor {
        let socket = try make(address.ip.family)
        try apply(options, to: socket.raw, address.ip.family)
        try set(socket.raw, CInt(IPPROTO_TCP), TCP_NODELAY, 1)
        if let source = options.source {
            // The port is chosen when the destination is known, so that one source address does not run out of ports.
            if options.sourcePort == 0 { try set(socket.raw, CInt(IPPROTO_IP), IP_BIND_ADDRESS_NO_PORT, 1) }
            // One port may lead to several places.
            if options.sourcePort != 0 { try set(socket.raw, SOL_SOCKET, SO_REUSEADDR, 1) }
            let local = SocketAddress(source, options.sourcePort)
            guard unsafe local.withKernelForm({ unsafe bind(socket.raw, $0, $1) }) == 0 else { throw .last }
        }
        guard unsafe address.withKernelForm({ unsafe Glibc.connect(socket.raw, $0, $1) }) != 0 else { return socket }
        let failure = Errno.last
        guard failure == .inProgress else { throw failure }
        return socket
    }

    private static func make(_ family: IPAddress.Family) throws(Errno) -> Descriptor {
        let domain = family == .v4 ? AF_INET : AF_INET6
        let kind = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let raw = socket(domain, kind, 0)
        guard raw >= 0 else { throw .last }
        return Descriptor(owning: raw)
    }

    private static func apply(_ options: Options, to socket: CInt, _ family: IPAddress.Family) throws(Errno) {
        if let mark = options.mark { try set(socket, SOL_SOCKET, SO_MARK, CInt(bitPattern: mark)) }
        // Implies what IP_FREEBIND allows.
        if options.isTransparent {
            switch family {
            case .v4: try set(socket, CInt(IPPROTO_IP), IP_TRANSPARENT, 1)
            case .v6: try set(socket, CInt(IPPROTO_IPV6), IPV6_TRANSPARENT, 1)
            }
        }
        if let keepAlive = options.keepAlive { try set(keepAlive, on: socket) }
    }

    private static func set(_ keepAlive: KeepAlive, on socket: CInt) throws(Errno) {
        try set(socket, SOL_SOCKET, SO_KEEPALIVE, 1)
        try set(socket, CInt(IPPROTO_TCP), TCP_KEEPIDLE, keepAlive.idleSeconds)
        try set(socket, CInt(IPPROTO_TCP), TCP_KEEPINTVL, keepAlive.intervalSeconds)
        try set(socket, CInt(IPPROTO_TCP), TCP_KEEPCNT, keepAlive.probes)
    }

    // MARK: Setting

    /// Makes the coming close send a reset, and drops what the peer has not been sent yet.
    package static func resetOnClose(_ socket: CInt) {
        var linger = linger(l_onoff: 1, l_linger: 0)
        _ = unsafe setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
    }

    /// No more bytes will be sent: the peer reads the end once it has read what was written.
    package static func shutdownWrite(_ socket: CInt) {
        _ = shutdown(socket, CInt(SHUT_WR))
    }

    private static func set(_ socket: CInt, _ level: CInt, _ name: CInt, _ value: CInt) throws(Errno) {
        var value = value
        let size = socklen_t(MemoryLayout<CInt>.size)
        guard unsafe setsockopt(socket, level, name, &value, size) == 0 else { throw .last }
    }

    // MARK: Asking

    package static func peer(of socket: CInt) -> SocketAddress? {
        unsafe SocketAddress { unsafe getpeername(socket, $0, $1) }
    }

    package static func local(of socket: CInt) -> SocketAddress? {
        unsafe SocketAddress { unsafe getsockname(socket, $0, $1) }
    }

    /// Where the client meant to go before a REDIRECT rule brought it here (linux/netfilter_ipv4.h, ip6_tables.h); nil when
    /// the connection was not redirected.
    package static func originalDestination(of socket: CInt, _ family: IPAddress.Family) -> SocketAddress? {
        switch family {
        case .v4: unsafe SocketAddress { unsafe getsockopt(socket, CInt(IPPROTO_IP), SO_ORIGINAL_DST, $0, $1) }
        case .v6: unsafe SocketAddress { unsafe getsockopt(socket, CInt(IPPROTO_IPV6), IP6T_SO_ORIGINAL_DST, $0, $1) }
        }
    }

    /// How many bytes were written that the peer has not acknowledged, the end among them (tcp(7), SIOCOUTQ); 0 for a socket
    /// that does not say.
    package static func unacknowledgedBytes(of socket: CInt) -> Int {
        var count: CInt = 0
        return unsafe ioctl(socket, UInt(TIOCOUTQ), &count) == 0 ? Int(count) : 0
    }

    /// The error that ended a connection attempt or a connection, taken from the socket; nil when there is none.
    package static func pendingError(of socket: CInt) -> Errno? {
        var code: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        guard unsafe getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &size) == 0 else { return .last }
        return code == 0 ? nil : Errno(code: code)
    }
}
