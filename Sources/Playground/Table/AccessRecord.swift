import Foundation
import Mesh

/// One line of a ztunnel's access log: what one side of one connection reported when it ended.
struct AccessRecord: Hashable, Sendable {
    enum Direction: String, Hashable, Sendable, Decodable { case inbound, outbound }

    struct Party: Hashable, Sendable {
        var address: SocketAddress?
        var workload = ""
        var namespace = ""
        var identity = ""
    }

    var time = ""
    var direction = Direction.inbound
    var source = Party()
    var destination = Party()
    /// Where the tunnel's CONNECT leads, on the source's side.
    var tunnelDestination: SocketAddress?
    var service = ""
    /// From the server to the client.
    var bytesSent: UInt64 = 0
    /// From the client to the server.
    var bytesReceived: UInt64 = 0
    var durationMilliseconds: UInt64 = 0
    var error: String?
    /// Empty for plaintext.
    var tlsVersion = ""
    var tlsCipher = ""
    /// `namespace/name` of the policy that decided.
    var policy: String?
    var policyRule: String?
    var policyReason: String?
    /// The rule that came closest to letting a refused connection in.
    var nearestRule: String?

    init() {}
}

extension AccessRecord {
    /// A connection's line; nil for any other line. Peers had a hand in some of the text, so that what could steer a
    /// terminal is taken out of it, and none may be longer than `textLimit`.
    init?(line: some Sequence<UInt8>) {
        guard let wire = try? JSONDecoder().decode(Wire.self, from: Data(line)), wire.scope == "access",
            let direction = wire.direction
        else { return nil }
        self.init()
        time = Self.clean(wire.time)
        self.direction = direction
        source = Party(
            address: wire.sourceAddress.flatMap { SocketAddress($0) }, workload: Self.clean(wire.sourceWorkload),
            namespace: Self.clean(wire.sourceNamespace), identity: Self.clean(wire.sourceIdentity))
        destination = Party(
            address: wire.destinationAddress.flatMap { SocketAddress($0) },
            workload: Self.clean(wire.destinationWorkload), namespace: Self.clean(wire.destinationNamespace),
            identity: Self.clean(wire.destinationIdentity))
        tunnelDestination = wire.tunnelAddress.flatMap { SocketAddress($0) }
        service = Self.clean(wire.service)
        bytesSent = wire.bytesSent ?? 0
        bytesReceived = wire.bytesReceived ?? 0
        durationMilliseconds = Self.milliseconds(wire.duration)
        error = wire.error.map(Self.clean)
        tlsVersion = Self.clean(wire.tlsVersion)
        tlsCipher = Self.clean(wire.tlsCipher)
        policy = wire.policy.map(Self.clean)
        policyRule = wire.policyRule.map { Self.clean($0.text) }
        policyReason = wire.policyReason.map(Self.clean)
        nearestRule = wire.nearestRule.map(Self.clean)
    }

    private static let textLimit = 512

    private static func clean(_ text: String?) -> String {
        String(
            String.UnicodeScalarView(
                (text ?? "").unicodeScalars.prefix(textLimit).filter {
                    $0.properties.generalCategory != .control && $0.properties.generalCategory != .format
                }))
    }

    /// `"12ms"`, or a bare number of milliseconds.
    private static func milliseconds(_ duration: Wire.Scalar?) -> UInt64 {
        UInt64(duration?.text.prefix { $0.isASCII && $0.isNumber } ?? "") ?? 0
    }

    private struct Wire: Decodable {
        var scope: String?
        var time: String?
        var direction: Direction?
        var sourceAddress: String?
        var sourceWorkload: String?
        var sourceNamespace: String?
        var sourceIdentity: String?
        var destinationAddress: String?
        var tunnelAddress: String?
        var service: String?
        var destinationWorkload: String?
        var destinationNamespace: String?
        var destinationIdentity: String?
        var bytesSent: UInt64?
        var bytesReceived: UInt64?
        var duration: Scalar?
        var error: String?
        var tlsVersion: String?
        var tlsCipher: String?
        var policy: String?
        var policyRule: Scalar?
        var policyReason: String?
        var nearestRule: String?

        enum CodingKeys: String, CodingKey {
            case scope, time, direction, duration, error, policy
            case sourceAddress = "src.addr"
            case sourceWorkload = "src.workload"
            case sourceNamespace = "src.namespace"
            case sourceIdentity = "src.identity"
            case destinationAddress = "dst.addr"
            case tunnelAddress = "dst.hbone_addr"
            case service = "dst.service"
            case destinationWorkload = "dst.workload"
            case destinationNamespace = "dst.namespace"
            case destinationIdentity = "dst.identity"
            case bytesSent = "bytes_sent"
            case bytesReceived = "bytes_recv"
            case tlsVersion = "tls.version"
            case tlsCipher = "tls.cipher"
            case policyRule = "policy.rule"
            case policyReason = "policy.reason"
            case nearestRule = "policy.nearest"
        }

        /// A number or a text.
        struct Scalar: Decodable {
            let text: String

            init(from decoder: any Decoder) throws {
                let value = try decoder.singleValueContainer()
                if let number = try? value.decode(UInt64.self) {
                    text = String(number)
                } else {
                    text = try value.decode(String.self)
                }
            }
        }
    }
}
