import SwiftProtobuf

/// What a node proxy answers to each `ZDSRequest`.
package enum ZDSResponse: Hashable, Sendable {
    /// Done, or the reason why not.
    case ack(error: String?)

    /// What is left of a packet for the reason: two tags and two lengths of two bytes each come before it.
    private static let errorLimitBytes = ZDSPacket.limitBytes - 6

    /// Reads one packet. Fields that are not known are ignored.
    package init(decoding packet: [UInt8]) throws(ZDSError) {
        switch try WireWorkloadResponse(packet: packet).payload {
        case .ack(let ack): self = .ack(error: ack.error.isEmpty ? nil : ack.error)
        case nil: throw .missingField("payload")
        }
    }

    /// One packet. A reason that is too long for it is cut.
    package func encoded() throws(ZDSError) -> [UInt8] {
        switch self {
        case .ack(let error): try WireWorkloadResponse.with { $0.ack.error = Self.cut(error ?? "") }.packet()
        }
    }

    private static func cut(_ text: String) -> String {
        var kept = text
        while kept.utf8.count > errorLimitBytes { kept.removeLast() }
        return kept
    }
}
