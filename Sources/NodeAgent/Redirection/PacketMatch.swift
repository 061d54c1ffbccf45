import Mesh
import Netlink

/// What a rule asks of a packet. A pure value; `expressions` says it in nftables' words.
enum PacketMatch: Hashable, Sendable {
    case cameByLoopback
    case leavesByLoopback
    /// The first packet of a TCP connection and no other: SYN without ACK, RST or FIN. Linux starts a connection on
    /// nothing else (tcp_rcv_state_process, TCP_LISTEN).
    case opensConnection
    case isTCP
    case isUDP
    case toPort(UInt16)
    case notToPort(UInt16)
    case fromPort(UInt16)
    /// 127.0.0.0/8. There is no twin for ::1, which the kernel accepts from no other interface than lo (ip6_rcv_core).
    case toIPv4Loopback
    case from(IPAddress)
    case marked(PacketMark)
    case notMarked(PacketMark)
    case connectionMarked(PacketMark)
    /// Sent by the end that was called.
    case isReply
    /// Conntrack rewrites this connection's destination.
    case wasRedirected

    var expressions: [NFExpression] {
        switch self {
        case .cameByLoopback: [.load(.inputInterface), .compare(.equal, loopbackInterface.native)]
        case .leavesByLoopback: [.load(.outputInterface), .compare(.equal, loopbackInterface.native)]
        case .opensConnection:
            Self.transport(6) + [
                .loadHeader(.transport, offsetBytes: 13, lengthBytes: 1),
                .bitwise(mask: [TCPFlag.fin | TCPFlag.syn | TCPFlag.rst | TCPFlag.ack], xor: [0]),
                .compare(.equal, [TCPFlag.syn]),
            ]
        case .isTCP: Self.transport(6)
        case .isUDP: Self.transport(17)
        case .toPort(let port): [Self.destinationPort, .compare(.equal, port.network)]
        case .notToPort(let port): [Self.destinationPort, .compare(.notEqual, port.network)]
        case .fromPort(let port):
            [.loadHeader(.transport, offsetBytes: 0, lengthBytes: 2), .compare(.equal, port.network)]
        case .toIPv4Loopback:
            Self.network(.v4) + [.loadHeader(.network, offsetBytes: 16, lengthBytes: 1), .compare(.equal, [127])]
        case .from(let ip):
            Self.network(ip.family) + [
                .loadHeader(.network, offsetBytes: ip.family == .v4 ? 12 : 8, lengthBytes: UInt32(ip.bytes.count)),
                .compare(.equal, ip.bytes),
            ]
        case .marked(let mark): [.load(.mark), mark.masked, .compare(.equal, mark.value.native)]
        case .notMarked(let mark): [.load(.mark), mark.masked, .compare(.notEqual, mark.value.native)]
        case .connectionMarked(let mark): [.loadConnection(.mark), mark.masked, .compare(.equal, mark.value.native)]
        case .isReply: [.loadConnection(.direction), .compare(.equal, [1])]
        case .wasRedirected:
            [
                .loadConnection(.status), .bitwise(mask: Self.destinationNAT.native, xor: UInt32(0).native),
                .compare(.notEqual, UInt32(0).native),
            ]
        }
    }

    private static let destinationPort = NFExpression.loadHeader(.transport, offsetBytes: 2, lengthBytes: 2)
    /// IPS_DST_NAT (linux/netfilter/nf_conntrack_common.h).
    private static let destinationNAT: UInt32 = 1 << 5

    private static func transport(_ number: UInt8) -> [NFExpression] {
        [.load(.layer4Protocol), .compare(.equal, [number])]
    }

    /// NFPROTO_IPV4, NFPROTO_IPV6.
    private static func network(_ family: IPAddress.Family) -> [NFExpression] {
        [.load(.networkProtocol), .compare(.equal, [family == .v4 ? 2 : 10])]
    }
}

/// RFC 9293 §3.1.
private enum TCPFlag {
    static let fin: UInt8 = 0x01
    static let syn: UInt8 = 0x02
    static let rst: UInt8 = 0x04
    static let ack: UInt8 = 0x10
}

/// The lower twelve bits of a mark, which are the mesh's; the others belong to whoever else marks packets in the pod.
struct PacketMark: Hashable, Sendable {
    static let mask: UInt32 = 0xfff

    let value: UInt32

    /// On each socket of the node proxy in a pod.
    static let proxy = PacketMark(value: 0x539)
    /// On connections that the proxy opened under its client's address: what answers them must come back to the proxy.
    static let spoofed = PacketMark(value: 0x111)

    fileprivate var masked: NFExpression { .bitwise(mask: Self.mask.native, xor: UInt32(0).native) }

    /// Puts this mark among the other bits of what is in the register.
    var mixedIn: NFExpression { .bitwise(mask: (~Self.mask).native, xor: value.native) }
}

extension UInt32 {
    /// In the host's order, as the kernel keeps marks and interface numbers.
    var native: [UInt8] {
        let shifts: [UInt32] = self.littleEndian == self ? [0, 8, 16, 24] : [24, 16, 8, 0]
        return shifts.map { UInt8(truncatingIfNeeded: self >> $0) }
    }
}

extension UInt16 {
    /// In network order.
    var network: [UInt8] { [UInt8(truncatingIfNeeded: self >> 8), UInt8(truncatingIfNeeded: self)] }
}
