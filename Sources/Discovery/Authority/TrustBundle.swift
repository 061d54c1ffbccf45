import FoundationEssentials
package import Mesh
import SwiftProtobuf

/// What the certificate authority says is to be trusted.
package struct TrustBundle: Hashable, Sendable {
    /// DER.
    package let roots: [[UInt8]]
    /// The one of them that new certificates lead to.
    package let signer: Fingerprint
    /// DER. What they name is not trusted, whatever it leads to.
    package let revocationLists: [[UInt8]]
    /// Changes with the content, and only with it.
    package let version: String

    private static let rootsMax = 64
    private static let listsMax = 64

    package init(roots: [[UInt8]], signer: Fingerprint, revocationLists: [[UInt8]] = []) {
        self.roots = roots
        self.signer = signer
        self.revocationLists = revocationLists
        version = ContentHash(Self.wire(roots, signer, revocationLists).deterministicBytes).version
    }

    /// Reads one message. The version is the sender's word; what the certificates say is not looked at.
    package init(decoding bytes: [UInt8]) throws(DiscoveryFault) {
        let message = try WireTrustBundle(bytes: bytes, limit: DiscoveryLimits.trustBytes, "TrustBundle")
        guard !message.roots.isEmpty else { throw .missingField("roots") }
        guard message.roots.count <= Self.rootsMax else { throw .outOfBounds(field: "roots") }
        guard message.revocationLists.count <= Self.listsMax else { throw .outOfBounds(field: "revocation_lists") }
        guard let signer = Fingerprint([UInt8](message.signer)) else { throw .missingField("signer") }
        roots = message.roots.map { [UInt8]($0) }
        self.signer = signer
        revocationLists = message.revocationLists.map { [UInt8]($0) }
        version = try message.version.bounded("version")
    }

    package func encoded() -> [UInt8] {
        var message = Self.wire(roots, signer, revocationLists)
        message.version = version
        return message.deterministicBytes
    }

    private static func wire(
        _ roots: [[UInt8]], _ signer: Fingerprint, _ revocationLists: [[UInt8]]
    ) -> WireTrustBundle {
        .with {
            $0.roots = roots.map { Data($0) }
            $0.signer = Data(signer.bytes)
            $0.revocationLists = revocationLists.map { Data($0) }
        }
    }
}

/// What a proxy says of the roots that it goes by.
package struct TrustReport: Hashable, Sendable {
    /// Of the bundle that is in force there; empty before the first.
    package var version: String
    /// Each root that a certificate which it holds, or an open tunnel of its, leads to.
    package var restsOn: Set<Fingerprint>
    /// Why it does not go by the last bundle; nil when it does.
    package var rejection: String?

    private static let rootsMax = 256

    package init(version: String, restsOn: Set<Fingerprint>, rejection: String? = nil) {
        self.version = version
        self.restsOn = restsOn
        self.rejection = rejection
    }

    package init(decoding bytes: [UInt8]) throws(DiscoveryFault) {
        let message = try WireTrustReport(bytes: bytes, limit: DiscoveryLimits.nodeBytes, "TrustReport")
        guard message.restsOn.count <= Self.rootsMax else { throw .outOfBounds(field: "rests_on") }
        self.init(version: try message.version.bounded("version"), restsOn: [])
        for digest in message.restsOn {
            guard let fingerprint = Fingerprint([UInt8](digest)) else { throw .malformed(message: "SHA-256") }
            restsOn.insert(fingerprint)
        }
        if !message.rejection.isEmpty { rejection = message.rejection.cut(toBytes: DiscoveryLimits.nameBytes) }
    }

    package func encoded() -> [UInt8] {
        let message = WireTrustReport.with {
            $0.version = version
            $0.restsOn = restsOn.map { Data($0.bytes) }.sorted { $0.lexicographicallyPrecedes($1) }
            $0.rejection = (rejection ?? "").cut(toBytes: DiscoveryLimits.nameBytes)
        }
        return message.deterministicBytes
    }
}
