import Crypto
package import Foundation
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
    private static let issuerName = "ca-cert.pem"
    private static let keyName = "ca-key.pem"
    private static let rootName = "root-cert.pem"
    private static let chainName = "cert-chain.pem"

    /// What tells that a file has been replaced.
    package func trace() -> [String] {
        [Self.issuerName, Self.keyName, Self.rootName, Self.chainName].map { name in
            let attributes = try? FileManager.default.attributesOfItem(atPath: path(name))
            let modified = (attributes?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
            return "\(modified) \(attributes?[.size] ?? 0) \(attributes?[.systemFileNumber] ?? 0)"
        }
    }

    package var isEmpty: Bool { !FileManager.default.fileExists(atPath: path(Self.issuerName)) }

    private func path(_ name: String) -> String { "\(directory)/\(name)" }

    // MARK: Reading

    package func read() throws(Unusable) -> IssuingMaterial {
        try checkMode()
        let certificates = try certificates(in: Self.issuerName)
        guard let issuer = certificates.first else { throw unusable(Self.issuerName, "no certificate in it") }
        let roots = try self.certificates(in: Self.rootName)
        let others =
            FileManager.default.fileExists(atPath: path(Self.chainName))
            ? try self.certificates(in: Self.chainName) : []
        let keyText = try text(Self.keyName)
        guard let key = try? Certificate.PrivateKey(pemEncoded: keyText) else {
            throw unusable(Self.keyName, "expected a private key in PEM")
        }
        do throws(IssuingMaterial.Fault) {
            return try IssuingMaterial(
                issuer: issuer, key: key, others: certificates.dropFirst() + others, roots: roots)
        } catch {
            throw unusable(Self.issuerName, "\(error)")
        }
    }

    /// Whoever can read the key can be anybody.
    private func checkMode() throws(Unusable) {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path(Self.keyName))
        guard let mode = attributes?[.posixPermissions] as? Int else { throw unusable(Self.keyName, "cannot be read") }
        guard mode & 0o077 == 0 else {
            throw unusable(Self.keyName, "is readable by others than its owner; expected mode 0600")
        }
    }

    private func text(_ name: String) throws(Unusable) -> String {
        guard let data = FileManager.default.contents(atPath: path(name)), data.count <= Self.lengthLimitBytes else {
            throw unusable(name, "cannot be read, or is longer than \(Self.lengthLimitBytes) bytes")
        }
        return String(decoding: data, as: UTF8.self)
    }

    private func certificates(in name: String) throws(Unusable) -> [Certificate] {
        let text = try text(name)
        do {
            return try PEMDocument.parseMultiple(pemString: text).map { try Certificate(pemDocument: $0) }
        } catch {
            throw unusable(name, "expected certificates in PEM")
        }
    }

    private func unusable(_ name: String, _ problem: String) -> Unusable {
        Unusable(description: "\(path(name)): \(problem)")
    }

    // MARK: Making

    /// Makes a root that signs for itself.
    ///
    /// - Parameter trustDomain: it names it; nothing depends on it.
    package func makeSelfSigned(trustDomain: String, now: Date = Date()) throws {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let root = try IssuingMaterial.selfSignedRoot(key: key, trustDomain: trustDomain, now: now)
        let pem = try root.serializeAsPEM().pemString + "\n"
        try write(try key.serializeAsPEM().pemString + "\n", Self.keyName)
        try write(pem, Self.rootName)
        try write(pem, Self.issuerName)
    }

    private func write(_ text: String, _ name: String) throws {
        // The mode is set before the file has its name, so that nobody reads a key in between.
        let hidden = path(".\(name).new")
        let isMade = FileManager.default.createFile(
            atPath: hidden, contents: nil, attributes: [.posixPermissions: 0o600])
        guard isMade else { throw unusable(name, "cannot be written") }
        let file = try FileHandle(forWritingTo: URL(filePath: hidden))
        try file.write(contentsOf: Data(text.utf8))
        try file.synchronize()
        try file.close()
        try? FileManager.default.removeItem(atPath: path(name))
        try FileManager.default.moveItem(atPath: hidden, toPath: path(name))
    }
}
