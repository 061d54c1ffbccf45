import CLinux
import Glibc
package import Mesh

/// Stream sockets for programs that wait for an answer: blocking, and each read and write of them bounded.
package enum WaitingSocket {
    /// Connects to a path of the Unix domain.
    ///
    /// - Parameter limitSeconds: how long a read or write may wait (`EAGAIN` after that).
    package static func connect(to path: String, limitSeconds: Int) throws(Errno) -> Descriptor {
        let socket = try LocalSocket.connect(to: path)
        try limit(socket.raw, limitSeconds)
        return socket
    }

    /// Connects to an address, as the network of `namespace` has it.
    package static func connect(
        to address: SocketAddress, in namespace: NetworkNamespace?, limitSeconds: Int
    ) throws(Errno) -> Descriptor {
        let visitor = try NamespaceVisitor()
        let made = try visitor.visit(namespace) { () throws(Errno) in try make(address.ip.family) }
        try visitor.visit(nil) {}
        try limit(made.raw, limitSeconds)
        guard unsafe address.withKernelForm({ unsafe Glibc.connect(made.raw, $0, $1) }) == 0 else { throw .last }
        return made
    }

    private static func make(_ family: IPAddress.Family) throws(Errno) -> Descriptor {
        let raw = socket(
            family == .v4 ? AF_INET : AF_INET6, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw .last }
        return Descriptor(owning: raw)
    }

    /// Of sends it bounds connecting too (socket(7)).
    private static func limit(_ socket: CInt, _ seconds: Int) throws(Errno) {
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            let size = socklen_t(MemoryLayout<timeval>.size)
            guard unsafe setsockopt(socket, SOL_SOCKET, option, &limit, size) == 0 else { throw .last }
        }
    }
}
