import Foundation
import Glibc
import HBONE
import Mesh
import TestCertificates
import Testing

/// What a proxy makes of an authority's answer: it uses none that is not what it asked for.
struct SigningRequestTests {
    private static let web = SPIFFEIdentity(trustDomain: "cluster.local", namespace: "shop", serviceAccount: "web")
    private var now: Int64 { Int64(time(nil)) }

    @Test func `a certificate for the request is taken, with the roots that come with it`() throws {
        let authority = try TestAuthority()
        let request = try SigningRequest(for: Self.web)
        let credential = try request.credential(
            certifiedBy: [authority.certify(request.pem), authority.root], now: now)
        #expect(credential.identity == Self.web && credential.chain.count == 1)
        let roots = try TrustAnchors(pem: Array(authority.root.utf8))
        #expect(credential.roots == roots)
        // A successor that signs nothing yet changes nothing.
        let both = try request.credential(
            certifiedBy: [authority.certify(request.pem), TestAuthority().root + authority.root], now: now)
        #expect(both.root == credential.root && both.roots.certificates.count == 2)
    }

    @Test func `an answer that is not what was asked for is refused`() throws {
        let (authority, foreign) = (try TestAuthority(), try TestAuthority())
        let request = try SigningRequest(for: Self.web)
        let leaf = try authority.certify(request.pem)
        let other = try authority.certify(SigningRequest(for: Self.web).pem)
        let admin = try authority.certify(request.pem, uri: "spiffe://cluster.local/ns/shop/sa/admin")
        let answers = try [
            "no roots": [leaf], "roots that it does not lead to": [leaf, foreign.root],
            "another key": [other, authority.root], "another name": [admin, authority.root],
            "no certificate": [authority.root, authority.root], "nonsense": ["nonsense", authority.root],
            "nothing": [],
        ]
        for (fault, answer) in answers {
            #expect(throws: TLSFailure.self, "\(fault)") { try request.credential(certifiedBy: answer, now: now) }
        }
        #expect(throws: TLSFailure.self) {
            try request.credential(certifiedBy: [leaf, authority.root], now: now + 2 * 86_400)
        }
    }

    @Test func `a list of revoked certificates counts only with its root's signature, or where no root claims it`()
        throws
    {
        let (authority, foreign) = (try TestAuthority(), try TestAuthority())
        let roots = try TrustAnchors(pem: Array(authority.root.utf8))
        let list = try authority.revocationList(["01", "02ff"])
        #expect(try Revocations(lists: [list], issuedBelow: roots).count == 2)
        // Test authorities all have the same name.
        let forged = try foreign.revocationList(["01"])
        #expect(throws: TLSFailure.self) { try Revocations(lists: [forged], issuedBelow: roots) }
        #expect(try Revocations(lists: [forged], issuedBelow: TrustAnchors(certificates: [])).count == 1)
        #expect(throws: TLSFailure.self) { try Revocations(lists: [[0x30, 0]], issuedBelow: roots) }
        #expect(try Revocations(lists: [], issuedBelow: roots) == .none)
        // A file's word counts as it is, and adds to another's.
        let own = try Revocations(file: list)
        #expect(try own.count == 2 && own.union(Revocations(file: forged)).count == 2)
        #expect(Revocations.none.union(own) == own && own.union(.none) == own)
        let pem = "-----BEGIN X509 CRL-----\n\(Data(list).base64EncodedString())\n-----END X509 CRL-----\n"
        #expect(try Revocations(file: Array((pem + pem).utf8)).count == 2)
        #expect(throws: TLSFailure.self) { try Revocations(file: Array("-----BEGIN nonsense".utf8)) }
    }

    @Test func `what is told of roots must be certificates, and what signs one of them`() throws {
        let authority = try TestAuthority()
        let request = try SigningRequest(for: Self.web)
        let credential = try request.credential(
            certifiedBy: [authority.certify(request.pem), authority.root], now: now)
        let der = credential.roots.certificates
        let told = try TrustAnchors(certificates: der, signer: credential.root, revocationLists: [])
        #expect(told == credential.roots)
        let nobody = try #require(Fingerprint(Array(repeating: 0, count: Fingerprint.length)))
        #expect(throws: TLSFailure.self) { try TrustAnchors(certificates: der, signer: nobody, revocationLists: []) }
        #expect(throws: TLSFailure.self) {
            try TrustAnchors(certificates: der + [[1, 2, 3]], signer: credential.root, revocationLists: [])
        }
    }
}
