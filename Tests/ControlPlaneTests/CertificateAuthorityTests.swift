import ControlPlane
import Crypto
import Foundation
import Mesh
import Reactor
import SwiftASN1
import Testing
import X509
import _CryptoExtras

struct CertificateAuthorityTests {
    private let directory = NSTemporaryDirectory() + "slipstream-ca-\(UUID().uuidString)"
    private static let web = SPIFFEIdentity(trustDomain: "cluster.local", namespace: "shop", serviceAccount: "web")

    private func authority() throws -> CertificateAuthority {
        var settings = CertificateAuthority.Settings(trustDomain: "cluster.local")
        settings.lifetimeLimitSeconds = 3600
        return try CertificateAuthority(
            AuthorityFiles(directory: directory), settings,
            Log(try LogSink(format: .plain), format: .plain, level: .error))
    }

    private func request(
        _ key: Certificate.PrivateKey = .init(P256.Signing.PrivateKey()), names: [GeneralName] = []
    ) throws -> String {
        let extensions = try Certificate.Extensions { if !names.isEmpty { SubjectAlternativeNames(names) } }
        let attributes = try CertificateSigningRequest.Attributes([.init(ExtensionRequest(extensions: extensions))])
        return try CertificateSigningRequest(
            version: .v1, subject: .init(), privateKey: key, attributes: attributes
        ).serializeAsPEM().pemString
    }

    private func leaf(_ chain: [String]) throws -> Certificate { try Certificate(pemEncoded: chain[0]) }

    @Test func `it makes a root that only its owner can read, and keeps it`() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let roots = try authority().roots()
        let mode = try FileManager.default.attributesOfItem(atPath: directory + "/ca-key.pem")[.posixPermissions]
        #expect(mode as? Int == 0o600)
        #expect(try authority().roots() == roots)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: directory + "/ca-key.pem")
        #expect(throws: AuthorityFiles.Unusable.self) { try authority() }
    }

    @Test func `a certificate has the caller's name and nothing else that was asked for, and ends in time`() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let now = Date()
        let signing = try SigningRequest(
            pem: request(names: [.uniformResourceIdentifier(Self.web.description)]))
        let chain = try authority().issue(signing, to: Self.web, holder: "a", seconds: 1_000_000, now: now).chain
        let leaf = try leaf(chain)
        #expect(
            try leaf.extensions.subjectAlternativeNames.map(Array.init)
                == [.uniformResourceIdentifier(Self.web.description)])
        #expect(leaf.notValidAfter.timeIntervalSince(now) <= 3601)
        #expect(try leaf.extensions.basicConstraints == .notCertificateAuthority)
        #expect(chain.count == 2)
        let root = try Certificate(pemEncoded: chain[1])
        #expect(root.publicKey.isValidSignature(leaf.signature, for: leaf))
    }

    @Test func `foreign names are refused`() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let foreign: [[GeneralName]] = [
            [.uniformResourceIdentifier("spiffe://cluster.local/ns/shop/sa/admin")],
            [.dnsName("istiod.istio-system.svc")],
            [.uniformResourceIdentifier(Self.web.description), .dnsName("web")],
        ]
        for names in foreign {
            let signing = try SigningRequest(pem: request(names: names))
            #expect(throws: IssuanceRefusal.foreignName) {
                try authority().issue(signing, to: Self.web, holder: "a", seconds: 60)
            }
        }
    }

    @Test func `a request must be signed by its key, and the key be strong`() throws {
        let weak = try request(.init(_RSA.Signing.PrivateKey(unsafeKeySize: .init(bitCount: 1024))))
        // The library does not even read it.
        #expect(throws: IssuanceRefusal.malformedRequest) { try SigningRequest(pem: weak) }
        #expect(throws: IssuanceRefusal.weakKey) {
            try SigningRequest(pem: request(.init(Curve25519.Signing.PrivateKey())))
        }
        var document = try PEMDocument(pemString: request())
        var bytes = document.derBytes
        bytes[bytes.count - 1] ^= 1
        document = PEMDocument(type: document.discriminator, derBytes: bytes)
        #expect(throws: IssuanceRefusal.self) { try SigningRequest(pem: document.pemString) }
    }

    @Test(arguments: 0..<500)
    func `a request with a changed byte is refused or is one for the same key`(place: Int) throws {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let document = try PEMDocument(pemString: request(key))
        var bytes = document.derBytes
        bytes[place % bytes.count] ^= UInt8(1 << (place % 8))
        let changed = PEMDocument(type: document.discriminator, derBytes: bytes).pemString
        if let signing = try? SigningRequest(pem: changed) { #expect(signing.key == key.publicKey) }
    }

    @Test func `what is put into the directory is taken over, and what cannot be used is not`() async throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let authority = try authority()
        let first = try authority.roots()
        let later = directory + "-later"
        defer { try? FileManager.default.removeItem(atPath: later) }
        try AuthorityFiles(directory: later).makeSelfSigned(trustDomain: "cluster.local")
        let second = try String(contentsOfFile: later + "/root-cert.pem", encoding: .utf8)
        // Both are trusted before the new one signs.
        try (first + second).write(toFile: directory + "/root-cert.pem", atomically: true, encoding: .utf8)
        let overlap = try authority.roots(now: Date().addingTimeInterval(5))
        #expect(overlap.contains(first.trimmingCharacters(in: .newlines)))
        #expect(try PEMDocument.parseMultiple(pemString: overlap).count == 2)
        try "nonsense".write(toFile: directory + "/root-cert.pem", atomically: true, encoding: .utf8)
        #expect(try authority.roots(now: Date().addingTimeInterval(10)) == overlap)
    }
}
