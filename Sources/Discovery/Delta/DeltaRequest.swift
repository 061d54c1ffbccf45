import SwiftProtobuf

/// What a proxy says on a stream of delta discovery: what it wants to know of one type, or what it made of a response.
package struct DeltaRequest: Hashable, Sendable {
    /// What of a response was not taken over.
    package struct Rejection: Hashable, Sendable {
        /// A gRPC status code.
        package var code: Int32
        /// `name: reason; …`.
        package var message: String

        package init(code: Int32, message: String) {
            self.code = code
            self.message = message
        }
    }

    /// On the first request of a stream.
    package var node: DiscoveryNode?
    package var typeURL: String
    package var subscribe: [String] = []
    package var unsubscribe: [String] = []
    /// Name to version of what is left of an earlier stream.
    package var initialVersions: [String: String] = [:]
    /// Empty unless this answers a response.
    package var responseNonce = ""
    /// Nil unless something of the response was rejected.
    package var rejection: Rejection?

    package init(typeURL: String) { self.typeURL = typeURL }

    /// Reads one message. Fields that are not known are ignored.
    package init(decoding bytes: [UInt8]) throws(DiscoveryFault) {
        let message = try WireDeltaDiscoveryRequest(
            bytes: bytes, limit: DiscoveryLimits.requestBytes, "DeltaDiscoveryRequest")
        self.init(typeURL: try message.typeURL.bounded("type_url"))
        if message.hasNode {
            guard message.node.metadata.fields.count <= Self.metadataKeysMax else {
                throw .outOfBounds(field: "node.metadata")
            }
            node = try DiscoveryNode(wire: message.node)
        }
        subscribe = try message.resourceNamesSubscribe.bounded("resource_names_subscribe")
        unsubscribe = try message.resourceNamesUnsubscribe.bounded("resource_names_unsubscribe")
        for (name, version) in message.initialResourceVersions {
            initialVersions[try name.bounded("initial_resource_versions")] = try version.bounded(
                "initial_resource_versions")
        }
        responseNonce = try message.responseNonce.bounded("response_nonce")
        if message.hasErrorDetail {
            rejection = Rejection(
                code: message.errorDetail.code,
                message: message.errorDetail.message.cut(toBytes: DiscoveryLimits.rejectionBytes))
        }
    }

    /// A proxy tells some ten, and what its environment adds.
    private static let metadataKeysMax = 1024

    package func encoded() -> [UInt8] {
        let message = WireDeltaDiscoveryRequest.with {
            if let node { $0.node = node.wire }
            $0.typeURL = typeURL
            $0.resourceNamesSubscribe = subscribe
            $0.resourceNamesUnsubscribe = unsubscribe
            $0.initialResourceVersions = initialVersions
            $0.responseNonce = responseNonce
            if let rejection {
                $0.errorDetail.code = rejection.code
                $0.errorDetail.message = rejection.message.cut(toBytes: DiscoveryLimits.rejectionBytes)
            }
        }
        return message.deterministicBytes
    }
}
