import Glibc
package import Mesh

/// A UDP socket, non-blocking.
package struct DatagramSocket: ~Copyable {
    private let descriptor: Descriptor

    package init(on address: SocketAddress) throws(Errno) {
        let domain = address.ip.family == .v4 ? AF_INET : AF_INET6
        let kind = CInt(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let raw = socket(domain, kind, 0)
        guard raw >= 0 else { throw .last }
        let owner = Descriptor(owning: raw)
        guard unsafe address.withKernelForm({ unsafe bind(raw, $0, $1) }) == 0 else { throw .last }
        descriptor = owner
    }

    package var raw: CInt { descriptor.raw }

    /// The next datagram and who sent it; nil when none waits. One longer than the limit is cut to it.
    package func receive(limitBytes: Int) -> (bytes: [UInt8], sender: SocketAddress)? {
        var sender: SocketAddress?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limitBytes) { room, count in
            var received = -1
            unsafe sender = SocketAddress { address, length in
                unsafe received = recvfrom(descriptor.raw, room.baseAddress, limitBytes, 0, address, length)
                return received < 0 ? -1 : 0
            }
            count = max(received, 0)
        }
        return sender.map { (bytes, $0) }
    }

    /// Sends one datagram, or drops it as the network might.
    package func send(_ bytes: [UInt8], to receiver: SocketAddress) {
        _ = unsafe bytes.withUnsafeBytes { raw in
            unsafe receiver.withKernelForm { unsafe sendto(descriptor.raw, raw.baseAddress, raw.count, 0, $0, $1) }
        }
    }
}
