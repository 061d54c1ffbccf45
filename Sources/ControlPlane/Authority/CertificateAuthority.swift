import Crypto
package import Foundation
package import Mesh
package import Reactor
import SwiftASN1
import Synchronization
import X509

/// Signs certificates with what a directory holds, and takes over what is put there instead.
package final class CertificateAuthority: Sendable {
    private struct State {
        var material: IssuingMaterial
        var trace: [String]
        var looked: Date
    }

    private let files: AuthorityFiles
    private let lifetimeLimitSeconds: Double
    private let log: Log
    private let state: Mutex<State>

    /// Clocks differ: a certificate begins a little before it is made.
    private static let backdatingSeconds = 120.0
    private static let lookSeconds = 1.0
    private static let serverLifetimeSeconds = 365 * 86_400.0

    /// Makes a root of its own when the directory has none.
    package init(
        _ files: AuthorityFiles, trustDomain: String, lifetimeLimitSeconds: Double, _ log: Log
    ) throws {
        if files.isEmpty {
            try files.makeSelfSigned(trustDomain: trustDomain)
            log.info("ca", "made a root", ["directory": files.directory])
        }
        self.files = files
        self.lifetimeLimitSeconds = lifetimeLimitSeconds
        self.log = log
        let trace = files.trace()
        state = Mutex(State(material: try files.read(), trace: trace, looked: Date()))
    }

    /// - Returns: PEM: the leaf, what lies between, and last the roots.
    package func issue(
        _ request: SigningRequest, to identity: SPIFFEIdentity, seconds: Int64, now: Date = Date()
    ) throws(IssuanceRefusal) -> (chain: [String], end: Date) {
        try request.checkNames(are: identity.description)
        let wanted = seconds > 0 ? min(Double(seconds), lifetimeLimitSeconds) : lifetimeLimitSeconds
        return try sign(
            request.key, [.uniformResourceIdentifier(identity.description)], seconds: wanted, now: now)
    }

    /// A certificate and key for this program's own server.
    package func makeServerCredential(names: [String], now: Date = Date()) throws -> (chain: [String], key: String) {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let signed = try sign(
            key.publicKey, names.map(GeneralName.dnsName), seconds: Self.serverLifetimeSeconds, now: now)
        return (Array(signed.chain.dropLast()), try key.serializeAsPEM().pemString)
    }

    private func sign(
        _ key: Certificate.PublicKey, _ names: [GeneralName], seconds: Double, now: Date
    ) throws(IssuanceRefusal) -> (chain: [String], end: Date) {
        let material = material(now: now)
        let end = min(now.addingTimeInterval(seconds), material.issuer.notValidAfter)
        guard end > now else { throw .authority }
        do {
            let leaf = try Certificate(
                version: .v3, serialNumber: .init(), publicKey: key,
                notValidBefore: max(now.addingTimeInterval(-Self.backdatingSeconds), material.issuer.notValidBefore),
                notValidAfter: end, issuer: material.issuer.subject, subject: DistinguishedName(),
                extensions: try Self.extensions(names, issuer: material.issuer), issuerPrivateKey: material.key)
            let chain = try ([leaf] + material.intermediates).map { try $0.serializeAsPEM().pemString + "\n" }
            return (chain + [try rootBundle(material)], end)
        } catch {
            log.error("ca", "cannot sign", ["error": "\(error)"])
            throw .authority
        }
    }

    private static func extensions(_ names: [GeneralName], issuer: Certificate) throws -> Certificate.Extensions {
        let keyID = try issuer.extensions.subjectKeyIdentifier?.keyIdentifier
        return try Certificate.Extensions {
            Critical(BasicConstraints.notCertificateAuthority)
            Critical(KeyUsage(digitalSignature: true))
            try ExtendedKeyUsage([.serverAuth, .clientAuth])
            // There is no subject, so that this is what names it (RFC 5280 §4.2.1.6).
            Critical(SubjectAlternativeNames(names))
            if let keyID { AuthorityKeyIdentifier(keyIdentifier: keyID) }
        }
    }

    private func rootBundle(_ material: IssuingMaterial) throws -> String {
        try material.roots.map { try $0.serializeAsPEM().pemString + "\n" }.joined()
    }

    /// All roots that proxies are to trust, in PEM.
    package func roots(now: Date = Date()) throws -> String { try rootBundle(material(now: now)) }

    // MARK: Following the directory

    /// Files that cannot be used change nothing.
    private func material(now: Date) -> IssuingMaterial {
        state.withLock { state in
            guard abs(now.timeIntervalSince(state.looked)) >= Self.lookSeconds else { return state.material }
            state.looked = now
            let trace = files.trace()
            guard trace != state.trace else { return state.material }
            state.trace = trace
            do {
                state.material = try files.read()
                log.info("ca", "took over what was put into its directory", ["directory": files.directory])
            } catch {
                log.error("ca", "goes on with what it has", ["error": "\(error)"])
            }
            return state.material
        }
    }
}
