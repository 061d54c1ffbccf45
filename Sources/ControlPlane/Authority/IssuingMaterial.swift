import Crypto
import Foundation
import Mesh
import SwiftASN1
package import X509

/// What certificates are signed with, and what vouches for it.
package struct IssuingMaterial: Sendable {
    package enum Fault: Error, CustomStringConvertible {
        case noRoots
        case notAnAuthority
        case foreignKey
        case brokenChain

        package var description: String {
            switch self {
            case .noRoots: "root-cert.pem holds no certificate"
            case .notAnAuthority: "is not the certificate of an authority"
            case .foreignKey: "ca-key.pem is not its key"
            case .brokenChain: "no chain leads from it to a root of root-cert.pem"
            }
        }
    }

    let issuer: Certificate
    let key: Certificate.PrivateKey
    /// Between a leaf and a root, the issuer first; empty when the issuer is a root.
    let intermediates: [Certificate]
    package let roots: [Certificate]
    /// The one of them that the chain leads to.
    let root: Certificate
    /// DER.
    let revocationLists: [[UInt8]]

    package init(
        issuer: Certificate, key: Certificate.PrivateKey, others: some Sequence<Certificate>, roots: [Certificate],
        revocationLists: [[UInt8]] = []
    ) throws(Fault) {
        guard !roots.isEmpty else { throw .noRoots }
        guard case .isCertificateAuthority? = try? issuer.extensions.basicConstraints else { throw .notAnAuthority }
        guard key.publicKey == issuer.publicKey else { throw .foreignKey }
        self.issuer = issuer
        self.key = key
        self.roots = roots
        self.revocationLists = revocationLists
        intermediates = try Self.chain(from: issuer, through: Array(others), to: roots)
        let last = intermediates.last
        guard let root = last.map({ last in roots.first { $0.hasSigned(last) } }) ?? issuer else { throw .brokenChain }
        self.root = root
    }

    /// Whether what signs is itself what is trusted, so that whoever has it may make its successor.
    var isRoot: Bool { intermediates.isEmpty }

    private static func chain(
        from issuer: Certificate, through others: [Certificate], to roots: [Certificate]
    ) throws(Fault) -> [Certificate] {
        guard !roots.contains(issuer) else { return [] }
        var chain = [issuer]
        while let last = chain.last, !roots.contains(where: { $0.hasSigned(last) }) {
            guard let next = others.first(where: { $0.hasSigned(last) && !chain.contains($0) }) else {
                throw .brokenChain
            }
            chain.append(next)
        }
        return chain
    }

    /// Ten years.
    package static let rootLifetimeSeconds = 10 * 365 * 86_400.0
    private static let rootName = "slipstream root"

    /// Whether it was made here, and is ours to replace.
    var isOurs: Bool { isRoot && "\(issuer.subject)".contains("CN=\(Self.rootName)") }

    static func selfSignedRoot(
        key: Certificate.PrivateKey, trustDomain: String, seconds: Double = rootLifetimeSeconds, now: Date
    ) throws -> Certificate {
        let name = try DistinguishedName {
            OrganizationName(trustDomain)
            CommonName(rootName)
        }
        return try Certificate(
            version: .v3, serialNumber: .init(), publicKey: key.publicKey, notValidBefore: now.addingTimeInterval(-120),
            notValidAfter: now.addingTimeInterval(seconds), issuer: name, subject: name,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                SubjectKeyIdentifier(hash: key.publicKey)
            }, issuerPrivateKey: key)
    }
}

extension Certificate {
    var der: [UInt8] {
        get throws {
            var serializer = DER.Serializer()
            try serializer.serialize(self)
            return serializer.serializedBytes
        }
    }

    var fingerprint: Fingerprint {
        get throws {
            guard let value = Fingerprint(Array(SHA256.hash(data: try der))) else {
                preconditionFailure("SHA-256 has 32 bytes")
            }
            return value
        }
    }

    fileprivate func hasSigned(_ other: Certificate) -> Bool {
        subject == other.issuer && publicKey.isValidSignature(other.signature, for: other)
    }
}
