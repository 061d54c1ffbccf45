import SwiftProtobuf

/// What a control plane says on a stream of delta discovery: what is new and what is gone, of one type.
package struct DeltaResponse: Hashable, Sendable {
    package var typeURL: String
    package var nonce: String
    package var systemVersion = ""
    package var resources: [DiscoveryResource] = []
    /// Names of resources, and of what was asked for and is not there.
    package var removed: [String] = []

    package init(typeURL: String, nonce: String) {
        self.typeURL = typeURL
        self.nonce = nonce
    }

    /// Reads one message. Fields that are not known are ignored; what the resources hold is not looked at.
    package init(decoding bytes: [UInt8]) throws(DiscoveryFault) {
        let message = try WireDeltaDiscoveryResponse(
            bytes: bytes, limit: DiscoveryLimits.responseBytes, "DeltaDiscoveryResponse")
        guard !message.typeURL.isEmpty else { throw .missingField("type_url") }
        self.init(typeURL: try message.typeURL.bounded("type_url"), nonce: try message.nonce.bounded("nonce"))
        systemVersion = try message.systemVersionInfo.bounded("system_version_info")
        resources.reserveCapacity(message.resources.count)
        for resource in message.resources { resources.append(try DiscoveryResource(wire: resource)) }
        removed = try message.removedResources.bounded("removed_resources")
    }

    package func encoded() -> [UInt8] {
        let message = WireDeltaDiscoveryResponse.with {
            $0.systemVersionInfo = systemVersion
            $0.resources = resources.map(\.wire)
            $0.typeURL = typeURL
            $0.nonce = nonce
            $0.removedResources = removed
        }
        return message.deterministicBytes
    }
}
