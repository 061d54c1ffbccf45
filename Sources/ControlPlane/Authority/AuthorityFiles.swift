import Crypto
package import Foundation
import Reactor
import SwiftASN1
import X509

/// A certificate authority's material in a directory, in the forms of `cacerts` (ca-cert.pem, ca-key.pem, cert-chain.pem,
/// root-cert.pem), `istio-ca-secret`, which names the same files, and of what issues certificates in a cluster (tls.crt with
/// its chain, tls.key, ca.crt).
package struct AuthorityFiles: Sendable {
    package struct Unusable: Error, CustomStringConvertible {
        package let description: String
    }

    package let directory: String

    package init(directory: String) { self.directory = directory }

    private static let lengthLimitBytes = 1 << 20
    /// Whether the files have the names that a cluster's issuer gives them.
    private var isClusterForm: Bool { exists("tls.crt") && !exists("ca-cert.pem") }
    /// Written last; without it nothing is complete.
    var issuerName: String { isClusterForm ? "tls.crt" : "ca-cert.pem" }
    var keyName: String { isClusterForm ? "tls.key" : "ca-key.pem" }
    var rootName: String { isClusterForm ? "ca.crt" : "root-cert.pem" }
    private static let chainName = "cert-chain.pem"
    /// Certificates that are not to be trusted any more; it need not be there.
    private static let revocationsName = "ca-crl.pem"

    /// What tells that a file has been replaced.
    package func trace() -> [String] {
        [issuerName, keyName, rootName, Self.chainName, Self.revocationsName].map { name in
            let attributes = try? FileManager.default.attributesOfItem(atPath: path(name))
            let modified = (attributes?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
            return "\(modified) \(attributes?[.size] ?? 0) \(attributes?[.systemFileNumber] ?? 0)"
        }
    }

    package var isEmpty: Bool { !FileManager.default.fileExists(atPath: path(issuerName)) }

    func path(_ name: String) -> String { "\(directory)/\(name)" }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

    // MARK: Reading

    package func read() throws(Unusable) -> IssuingMaterial {
        try checkMode()
        let certificates = try certificates(in: issuerName)
        guard let issuer = certificates.first else { throw unusable(issuerName, "no certificate in it") }
        let roots = try self.certificates(in: rootName)
        let others = isEmpty(Self.chainName) ? [] : try self.certificates(in: Self.chainName)
        let keyText = try text(keyName)
        guard let key = try? Certificate.PrivateKey(pemEncoded: keyText) else {
            throw unusable(keyName, "expected a private key in PEM")
        }
        let revocationLists = try revocationLists()
        do throws(IssuingMaterial.Fault) {
            return try IssuingMaterial(
                issuer: issuer, key: key, others: certificates.dropFirst() + others, roots: roots,
                revocationLists: revocationLists)
        } catch {
            throw unusable(issuerName, "\(error)")
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
        let attributes = try? FileManager.default.attributesOfItem(atPath: path(keyName))
        guard let mode = attributes?[.posixPermissions] as? Int else { throw unusable(keyName, "cannot be read") }
        guard mode & 0o077 == 0 else {
            throw unusable(keyName, "is readable by others than its owner; expected mode 0600")
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
        try write(try key.serializeAsPEM().pemString + "\n", keyName)
        try write(pem, rootName)
        try write(pem, issuerName)
    }

    /// Replaces a file as a whole: whoever reads it, and whatever ends this process, finds the old one or the new one. Only its
    /// owner may read it.
    ///
    /// - Parameter isLasting: also should the machine fail.
    func write(_ text: String, _ name: String, isLasting: Bool = true) throws(Unusable) {
        do throws(Errno) {
            try Directory.replace(name, in: directory, with: Array(text.utf8), mode: 0o600, isLasting: isLasting)
        } catch {
            throw unusable(name, "cannot be written: \(error)")
        }
    }

    func remove(_ name: String) throws {
        guard exists(name) else { return }
        try FileManager.default.removeItem(atPath: path(name))
    }
}
