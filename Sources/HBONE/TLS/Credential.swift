package import Mesh

/// What a workload proves itself with, and what it holds others to: its certificate chain, key and roots, as bytes, so that it
/// may cross threads. Never printed.
package struct Credential: Sendable {
    package let identity: SPIFFEIdentity
    /// DER, leaf first, without the root.
    package let chain: [[UInt8]]
    /// DER, PKCS#8.
    package let privateKey: [UInt8]
    package let roots: TrustAnchors
    /// Seconds since 1970.
    package let notBefore: Int64
    package let notAfter: Int64
    package let serialNumber: String

    package init(
        identity: SPIFFEIdentity, chain: [[UInt8]], privateKey: [UInt8], roots: TrustAnchors,
        notBefore: Int64, notAfter: Int64, serialNumber: String
    ) {
        self.identity = identity
        self.chain = chain
        self.privateKey = privateKey
        self.roots = roots
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.serialNumber = serialNumber
    }

    /// When a successor is due, and from when on no new stream goes on a tunnel that rests on it.
    package var halfLife: Int64 { notBefore + (notAfter - notBefore) / 2 }
}

/// The roots that a peer's chain must lead to.
package struct TrustAnchors: Hashable, Sendable {
    /// DER.
    package let certificates: [[UInt8]]

    package init(certificates: [[UInt8]]) { self.certificates = certificates }
}
