import Mesh
import Netlink

/// Which of a pod's connections the mesh does not carry, because they are older than the pod's rules. Pure.
enum OlderConnections {
    private struct Ends: Hashable {
        let local: SocketAddress
        let remote: SocketAddress
    }

    /// - Parameter connections: all sockets of the pod's namespace, the proxy's among them.
    ///
    /// A connection that the application has through the proxy has a socket of the proxy's at its other end, in the same namespace:
    /// under the client's address when it came in, and on the proxy's outbound port when it was redirected on its way out. What has
    /// both ends here otherwise stays within the pod.
    static func count(in connections: [TCPConnection]) -> Int {
        let ends = Set(connections.map { Ends(local: $0.local, remote: $0.remote) })
        let captured = Set(connections.filter { isProxys($0) && $0.local.port == MeshPort.outbound }.map(\.remote))
        return connections.count { connection in
            connection.isOpen && !isProxys(connection) && !captured.contains(connection.local)
                && !ends.contains(Ends(local: connection.remote, remote: connection.local))
        }
    }

    private static func isProxys(_ connection: TCPConnection) -> Bool {
        connection.mark & PacketMark.mask == PacketMark.proxy.value
    }
}
