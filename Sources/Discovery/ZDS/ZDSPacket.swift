import SwiftProtobuf

/// Why a packet was refused.
package enum ZDSError: Error, Hashable {
    case tooLong(bytes: Int)
    /// Not a protobuf message, or text that is not UTF-8.
    case malformed
    case missingField(String)
    case unsupportedVersion(Int)
}

extension ZDSError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooLong(let bytes): "packet of \(bytes) bytes, at most \(ZDSPacket.limitBytes) are allowed"
        case .malformed: "packet is not a ZDS message"
        case .missingField(let field): "packet lacks \(field)"
        case .unsupportedVersion(let version): "ZDS version \(version), only 1 is supported"
        }
    }
}

package enum ZDSPacket {
    /// Both published sides read into buffers of this size, so that a longer packet would be cut.
    package static let limitBytes = 1024
}

extension Message {
    init(packet: [UInt8]) throws(ZDSError) {
        guard packet.count <= ZDSPacket.limitBytes else { throw .tooLong(bytes: packet.count) }
        do {
            try self.init(serializedBytes: packet)
        } catch {
            throw .malformed
        }
    }

    func packet() throws(ZDSError) -> [UInt8] {
        let packet: [UInt8]
        do {
            packet = try serializedBytes()
        } catch {
            throw .malformed
        }
        guard packet.count <= ZDSPacket.limitBytes else { throw .tooLong(bytes: packet.count) }
        return packet
    }
}
