import SwiftProtobuf

/// The first packet of a connection, from the node proxy: it names the protocol's version, of which there is one.
package struct ZDSHello: Hashable, Sendable {
    package init() {}

    package init(decoding packet: [UInt8]) throws(ZDSError) {
        let version = try WireZdsHello(packet: packet).version
        guard version == .v1 else { throw .unsupportedVersion(version.rawValue) }
    }

    package func encoded() throws(ZDSError) -> [UInt8] {
        try WireZdsHello.with { $0.version = .v1 }.packet()
    }
}
