import ControlPlane
import Crypto
import Discovery
import Foundation
import Mesh
import Reactor
import SwiftASN1
import Testing
import X509

/// The authority with its files, by a clock of the test's.
final class AuthorityRotationTests {
    private let directory = NSTemporaryDirectory() + "slipstream-rotation-\(UUID().uuidString)"
    private static let web = SPIFFEIdentity(trustDomain: "cluster.local", namespace: "shop", serviceAccount: "web")
    private static let begin = Date(timeIntervalSince1970: 1_800_000_000)

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    private func authority(at seconds: Double = 0, life: Double = 1_000_000) throws -> CertificateAuthority {
        var settings = CertificateAuthority.Settings(trustDomain: "cluster.local")
        settings.lifetimeLimitSeconds = 3600
        settings.rootLifetimeSeconds = life
        settings.settlingSeconds = 0
        settings.serverNames = ["controller"]
        return try CertificateAuthority(
            AuthorityFiles(directory: directory), settings,
            Log(try LogSink(format: .plain), format: .plain, level: .error),
            now: Self.begin.addingTimeInterval(seconds))
    }

    /// Looks, as the controller does once a second.
    private func look(_ authority: CertificateAuthority, at seconds: Double) {
        authority.look(now: Self.begin.addingTimeInterval(seconds))
    }

    private func issue(_ authority: CertificateAuthority, to holder: String, at seconds: Double) throws -> [String] {
        let request = try CertificateSigningRequest(
            version: .v1, subject: .init(), privateKey: .init(P256.Signing.PrivateKey()), attributes: .init())
        return try authority.issue(
            SigningRequest(pem: request.serializeAsPEM().pemString), to: Self.web, holder: holder, seconds: 0,
            now: Self.begin.addingTimeInterval(seconds)
        ).chain
    }

    /// Reports that a proxy goes by what is told now, and that nothing there rests on another root than these.
    private func report(_ authority: CertificateAuthority, _ holder: String, restsOn: Fingerprint...) {
        authority.reported(TrustReport(version: authority.bundle.version, restsOn: Set(restsOn)), by: holder)
    }

    private func isSigned(_ chain: [String], by root: [UInt8]) throws -> Bool {
        let (leaf, root) = (try Certificate(pemEncoded: chain[0]), try Certificate(derEncoded: root))
        return root.publicKey.isValidSignature(leaf.signature, for: leaf)
    }

    @Test func `a root is replaced step by step, each when everybody is ready for it`() throws {
        let authority = try authority()
        authority.opened("proxy")
        let first = authority.bundle
        #expect(try isSigned(issue(authority, to: "proxy", at: 1), by: first.roots[0]))
        try authority.rotate(now: Self.begin.addingTimeInterval(2))
        let announced = authority.bundle
        #expect(announced.roots.count == 2 && announced.signer == first.signer)
        #expect(try isSigned(issue(authority, to: "proxy", at: 3), by: first.roots[0]))
        #expect(try PEMDocument.parseMultiple(pemString: issue(authority, to: "proxy", at: 3)[1]).count == 2)
        look(authority, at: 10)
        #expect(authority.bundle == announced)

        report(authority, "proxy", restsOn: first.signer)
        look(authority, at: 20)
        let signing = authority.bundle
        #expect(signing.roots == announced.roots && signing.signer != first.signer)
        #expect(try isSigned(issue(authority, to: "proxy", at: 21), by: announced.roots[1]))
        report(authority, "proxy", restsOn: first.signer, signing.signer)
        look(authority, at: 30)
        #expect(authority.bundle == signing)

        report(authority, "proxy", restsOn: signing.signer)
        look(authority, at: 40)
        #expect(authority.bundle.roots == [announced.roots[1]] && authority.status().phase == nil)
        let files = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        #expect(files == ["ca-cert.pem", "ca-key.pem", "holders.json", "root-cert.pem"])
    }

    @Test func `a root of our making is replaced at half its life, and another one is not`() throws {
        let authority = try authority(life: 10_000)
        look(authority, at: 4000)
        #expect(authority.status().phase == nil)
        look(authority, at: 6000)
        #expect(authority.status().phase == .announcing)
    }

    @Test func `one rotation at a time`() throws {
        let authority = try authority()
        try authority.rotate(now: Self.begin)
        #expect(throws: CertificateAuthority.RotationRefusal.underWay) { try authority.rotate(now: Self.begin) }
    }

    @Test func `a process that comes after goes on, and waits for whom its predecessor gave certificates`() throws {
        var authority = try authority()
        _ = try issue(authority, to: "foreign", at: 0)
        let first = authority.bundle
        look(authority, at: 1)
        // Another process, before and after each step.
        authority = try self.authority(at: 1)
        try authority.rotate(now: Self.begin.addingTimeInterval(2))
        authority = try self.authority(at: 3)
        #expect(authority.bundle.roots.count == 2 && authority.bundle.signer == first.signer)
        look(authority, at: 3590)
        #expect(authority.bundle.signer == first.signer)
        look(authority, at: 7300)
        #expect(authority.bundle.roots.count == 2 && authority.bundle.signer != first.signer)
        authority = try self.authority(at: 7301)
        #expect(authority.bundle.roots.count == 2 && authority.bundle.signer != first.signer)
        look(authority, at: 7400)
        #expect(authority.bundle.roots.count == 1)
        authority = try self.authority(at: 7500)
        #expect(authority.bundle.roots.count == 1 && !authority.bundle.roots.contains(first.roots[0]))
    }

    /// What is on disk when a step is broken off after so many of its writes.
    @Test(arguments: 0..<4, [RotationRecord.Phase.announcing, .signing, .finishing])
    func `a step that is broken off anywhere is taken to its end by the next process`(
        writes: Int, phase: RotationRecord.Phase
    ) throws {
        let files = AuthorityFiles(directory: directory)
        let old = try authority().bundle
        let next = try files.makeNextRoot(trustDomain: "cluster.local", seconds: 1_000_000, now: Self.begin)
        var serializer = DER.Serializer()
        try serializer.serialize(next)
        let new = try #require(Fingerprint(Array(SHA256.hash(data: serializer.serializedBytes))))
        func record(_ phase: RotationRecord.Phase) -> RotationRecord {
            RotationRecord(phase, old: old.signer, new: new, since: 0, awaited: [:])
        }
        // The phases before are whole; of this one the record, and the first of its files.
        let earlier: [RotationRecord.Phase] =
            switch phase {
            case .announcing: []
            case .signing: [.announcing]
            case .finishing: [.announcing, .signing]
            }
        for phase in earlier {
            try files.write(record(phase))
            #expect(try files.bring(to: record(phase)))
        }
        try files.write(record(phase))
        let whole = directory + "-whole"
        defer { try? FileManager.default.removeItem(atPath: whole) }
        try FileManager.default.copyItem(atPath: directory, toPath: whole)
        #expect(try AuthorityFiles(directory: whole).bring(to: record(phase)))
        let order = ["ca-key.pem", "ca-cert.pem", "root-cert.pem"]
        for name in order.prefix(writes) {
            try Data(contentsOf: URL(filePath: "\(whole)/\(name)")).write(to: URL(filePath: "\(directory)/\(name)"))
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: directory + "/ca-key.pem")

        let authority = try authority()
        #expect(authority.bundle.signer == (phase == .announcing ? old.signer : new))
        #expect(authority.bundle.roots.count == (phase == .finishing ? 1 : 2))
        for name in order {
            #expect(
                try Data(contentsOf: URL(filePath: "\(whole)/\(name)"))
                    == Data(contentsOf: URL(filePath: "\(directory)/\(name)")), "\(name)")
        }
        _ = try issue(authority, to: "proxy", at: 1)
    }

    @Test func `when nobody knows any more who holds certificates, a step waits as long as one may live`() throws {
        var authority = try authority()
        try Data("{".utf8).write(to: URL(filePath: directory + "/holders.json"))
        authority = try self.authority()
        try authority.rotate(now: Self.begin)
        let announced = authority.bundle
        look(authority, at: 3600)
        #expect(authority.bundle == announced)
        look(authority, at: 3620)
        #expect(authority.bundle.signer != announced.signer)
    }

    @Test func `whoever puts files of their own there ends the rotation`() throws {
        let authority = try authority()
        try authority.rotate(now: Self.begin)
        let other = directory + "-other"
        defer { try? FileManager.default.removeItem(atPath: other) }
        try AuthorityFiles(directory: other).makeSelfSigned(trustDomain: "cluster.local", now: Self.begin)
        for name in ["ca-key.pem", "ca-cert.pem", "root-cert.pem"] {
            let content = try String(contentsOfFile: "\(other)/\(name)", encoding: .utf8)
            try content.write(toFile: "\(directory)/\(name)", atomically: true, encoding: .utf8)
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: directory + "/ca-key.pem")
        look(authority, at: 10)
        #expect(authority.status().phase == nil && authority.bundle.roots.count == 1)
        let files = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        #expect(files == ["ca-cert.pem", "ca-key.pem", "root-cert.pem"])
    }

    @Test func `this server's own certificate is another one at half its life, and when another root signs`() throws {
        let authority = try authority(life: 40_000_000)
        let first = try authority.serverCredential(now: Self.begin)
        #expect(try authority.serverCredential(now: Self.begin.addingTimeInterval(3600)).chain == first.chain)
        let later = first.renewal.addingTimeInterval(1)
        let second = try authority.serverCredential(now: later)
        #expect(second.chain != first.chain && second.renewal > later)
        let leaf = try Certificate(pemEncoded: second.chain[0])
        #expect(try leaf.extensions.subjectAlternativeNames.map(Array.init) == [.dnsName("controller")])

        try authority.rotate(now: Self.begin)
        #expect(try authority.serverCredential(now: later).chain == second.chain)
        look(authority, at: 10)
        look(authority, at: 20)
        #expect(try authority.serverCredential(now: later).chain != second.chain)
    }

    @Test func `lists of revoked certificates are told, and one that cannot be read changes nothing`() throws {
        let authority = try authority()
        let list = PEMDocument(type: "X509 CRL", derBytes: [0x30, 0]).pemString
        try list.write(toFile: directory + "/ca-crl.pem", atomically: true, encoding: .utf8)
        look(authority, at: 10)
        #expect(authority.bundle.revocationLists == [[0x30, 0]])
        try "nonsense".write(toFile: directory + "/ca-crl.pem", atomically: true, encoding: .utf8)
        look(authority, at: 20)
        #expect(authority.bundle.revocationLists == [[0x30, 0]])
        try FileManager.default.removeItem(atPath: directory + "/ca-crl.pem")
        look(authority, at: 30)
        #expect(authority.bundle.revocationLists.isEmpty)
    }

    @Test func `what signs below another root is not replaced here`() throws {
        let root = P256.Signing.PrivateKey()
        let name = try DistinguishedName { CommonName("elsewhere") }
        func certificate(_ key: P256.Signing.PrivateKey, _ subject: DistinguishedName) throws -> Certificate {
            try Certificate(
                version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey),
                notValidBefore: Self.begin.addingTimeInterval(-60), notValidAfter: Self.begin.addingTimeInterval(9000),
                issuer: name, subject: subject,
                extensions: try .init { Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil)) },
                issuerPrivateKey: .init(root))
        }
        let key = P256.Signing.PrivateKey()
        let files = [
            "root-cert.pem": try certificate(root, name).serializeAsPEM().pemString,
            "ca-cert.pem": try certificate(key, DistinguishedName { CommonName("between") }).serializeAsPEM().pemString,
            "ca-key.pem": key.pemRepresentation, "cert-chain.pem": "",
        ]
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        for (name, content) in files {
            try content.write(toFile: "\(directory)/\(name)", atomically: true, encoding: .utf8)
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: directory + "/ca-key.pem")
        var authority = try authority()
        #expect(try issue(authority, to: "proxy", at: 1).count == 3)
        // The same under the names that a cluster's issuer uses.
        for (name, other) in [("root-cert.pem", "ca.crt"), ("ca-cert.pem", "tls.crt"), ("ca-key.pem", "tls.key")] {
            try FileManager.default.moveItem(atPath: "\(directory)/\(name)", toPath: "\(directory)/\(other)")
        }
        authority = try self.authority()
        #expect(try issue(authority, to: "proxy", at: 1).count == 3)
        #expect(throws: CertificateAuthority.RotationRefusal.notARoot) { try authority.rotate(now: Self.begin) }
        look(authority, at: 8000)
        #expect(authority.status().phase == nil)
        let left = try FileManager.default.contentsOfDirectory(atPath: directory)
        #expect(!left.contains("holders.json"))
    }
}
