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
    /// Where the chain leads to.
    package let root: Fingerprint

    package init(
        identity: SPIFFEIdentity, chain: [[UInt8]], privateKey: [UInt8], roots: TrustAnchors,
        notBefore: Int64, notAfter: Int64, serialNumber: String, root: Fingerprint
    ) {
        self.identity = identity
        self.chain = chain
        self.privateKey = privateKey
        self.roots = roots
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.serialNumber = serialNumber
        self.root = root
    }

    /// The same, holding others to these roots.
    package func trusting(_ roots: TrustAnchors) -> Credential {
        Credential(
            identity: identity, chain: chain, privateKey: privateKey, roots: roots, notBefore: notBefore,
            notAfter: notAfter, serialNumber: serialNumber, root: root)
    }

    /// When a successor is due.
    package var halfLife: Int64 { notBefore + (notAfter - notBefore) / 2 }

    package var validity: ClosedRange<Int64> { notBefore...notAfter }
}

extension ClosedRange<Int64> {
    /// When a tunnel that rests on a certificate of this validity takes its last new stream, if it is made `now`: it grows no
    /// older than half the certificate's life, and never outlives it. Not at half the certificate's life, whose successor
    /// may come a little later: each connection in between would make a tunnel of its own.
    func retirement(ofTunnelMadeAt now: Int64) -> Int64 {
        Swift.min(now + (upperBound - lowerBound) / 2, upperBound)
    }
}

/// The roots that a peer's chain must lead to, and what must not be in it.
package struct TrustAnchors: Hashable, Sendable {
    /// DER.
    package let certificates: [[UInt8]]
    package var revocations = Revocations.none

    package init(certificates: [[UInt8]]) { self.certificates = certificates }

    /// As an authority tells of them: each must be a certificate, and the root that signs one of them.
    ///
    /// - Parameter lists: of revoked certificates, DER.
    package init(certificates: [[UInt8]], signer: Fingerprint, revocationLists lists: [[UInt8]]) throws(TLSFailure) {
        self.init(certificates: certificates)
        for der in certificates { _ = try Certificate(der: der) }
        guard certificates.contains(where: { Fingerprint(sha256(of: $0)) == signer }) else {
            throw .unusableCredential("what signs is none of the roots")
        }
        revocations = try Revocations(lists: lists, issuedBelow: self)
    }

    /// At least one certificate in PEM.
    package init(pem text: [UInt8]) throws(TLSFailure) {
        self.init(certificates: try Certificate.all(inPEM: text))
    }
}
