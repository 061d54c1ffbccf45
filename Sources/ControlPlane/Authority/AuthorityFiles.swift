import Crypto
package import Foundation
import Reactor
import SwiftASN1
import X509

/// A certificate authority's material in a directory, in the forms of `cacerts` (ca-cert.pem, ca-key.pem, cert-chain.pem,
/// root-cert.pem) and `istio-ca-secret`, which names the same files.
package struct AuthorityFiles: Sendable {
    package struct Unusable: Error, CustomStringConvertible {
        package let description: String
    }

    package let directory: String

    package init(directory: String) { self.directory = directory }

    private static let lengthLimitBytes = 1 << 20
    /// Written last; without it nothing is complete.
    static let issuerName = "ca-cert.pem"
    static let keyName = "ca-key.pem"
    static let rootName = "root-cert.pem"
    private static let chainName = "cert-chain.pem"
    /// Certificates that are not to be trusted any more; it need not be there.
    private static let revocationsName = "ca-crl.pem"

    /// What tells that a file has been replaced.
    package func trace() -> [String] {
        [Self.issuerName, Self.keyName, Self.rootName, Self.chainName, Self.revocationsName].map { name in
            let attributes = try? FileManager.default.attributesOfItem(atPath: path(name))
            let modified = (attributes?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
            return "\(modified) \(attributes?[.size] ?? 0) \(attributes?[.systemFileNumber] ?? 0)"
        }
    }

    package var isEmpty: Bool { !FileManager.default.fileExists(atPath: path(Self.issuerName)) }

    func path(_ name: String) -> String { "\(directory)/\(name)" }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

    // MARK: Reading

    package func read() throws(Unusable) -> IssuingMaterial {
        try checkMode()
        let certificates = try certificates(in: Self.issuerName)
        guard let issuer = certificates.first else { throw unusable(Self.issuerName, "no certificate in it") }
        let roots = try self.certificates(in: Self.rootName)
        let others = isEmpty(Self.chainName) ? [] : try self.certificates(in: Self.chainName)
        let keyText = try text(Self.keyName)
        guard let key = try? Certificate.PrivateKey(pemEncoded: keyText) else {
            throw unusable(Self.keyName, "expected a private key in PEM")
        }
        let revocationLists = try revocationLists()
        do throws(IssuingMaterial.Fault) {
            return try IssuingMaterial(
                issuer: issuer, key: key, others: certificates.dropFirst() + others, roots: roots,
                revocationLists: revocationLists)
        } catch {
            throw unusable(Self.issuerName, "\(error)")
        }
    }

    /// `istio-ca-secret` has all files, and leaves empty those that it does not need.
    private func isEmpty(_ name: String) -> Bool {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path(name))
        return (attributes?[.size] as? Int ?? 0) == 0
    }

    private func revocationLists() throws(Unusable) -> [[UInt8]] {
        guard !isEmpty(Self.revocationsName) else { return [] }
        let text = try text(Self.revocationsName)
        guard let documents = try? PEMDocument.parseMultiple(pemString: text), !documents.isEmpty,
            documents.allSatisfy({ $0.discriminator == "X509 CRL" && (try? DER.parse($0.derBytes)) != nil })
        else { throw unusable(Self.revocationsName, "expected lists of revoked certificates in PEM") }
        return documents.map(\.derBytes)
    }

    /// Whoever can read the key can be anybody.
    private func checkMode() throws(Unusable) {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path(Self.keyName))
        guard let mode = attributes?[.posixPermissions] as? Int else { throw unusable(Self.keyName, "cannot be read") }
        guard mode & 0o077 == 0 else {
            throw unusable(Self.keyName, "is readable by others than its owner; expected mode 0600")
        }
    }

    func text(_ name: String) throws(Unusable) -> String {
        guard let data = FileManager.default.contents(atPath: path(name)), data.count <= Self.lengthLimitBytes else {
            throw unusable(name, "cannot be read, or is longer than \(Self.lengthLimitBytes) bytes")
        }
        return String(decoding: data, as: UTF8.self)
    }

    func certificates(in name: String) throws(Unusable) -> [Certificate] {
        let text = try text(name)
        do {
            return try PEMDocument.parseMultiple(pemString: text).map { try Certificate(pemDocument: $0) }
        } catch {
            throw unusable(name, "expected certificates in PEM")
        }
    }

    func unusable(_ name: String, _ problem: String) -> Unusable {
        Unusable(description: "\(path(name)): \(problem)")
    }

    // MARK: Making

    /// Makes a root that signs for itself.
    ///
    /// - Parameters:
    ///   - trustDomain: it names it; nothing depends on it.
    ///   - seconds: how long it lives.
    package func makeSelfSigned(
        trustDomain: String, seconds: Double = IssuingMaterial.rootLifetimeSeconds, now: Date = Date()
    ) throws {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let root = try IssuingMaterial.selfSignedRoot(key: key, trustDomain: trustDomain, seconds: seconds, now: now)
        let pem = try root.serializeAsPEM().pemString + "\n"
        try write(try key.serializeAsPEM().pemString + "\n", Self.keyName)
        try write(pem, Self.rootName)
        try write(pem, Self.issuerName)
    }

    /// Replaces a file as a whole: whoever reads it, and whatever ends this process, finds the old one or the new one. Only its
    /// owner may read it.
    func write(_ text: String, _ name: String) throws(Unusable) {
        do throws(Errno) {
            try Directory.replace(name, in: directory, with: Array(text.utf8), mode: 0o600, isLasting: true)
        } catch {
            throw unusable(name, "cannot be written: \(error)")
        }
    }

    func remove(_ name: String) throws {
        guard exists(name) else { return }
        try FileManager.default.removeItem(atPath: path(name))
    }
}
