import Foundation
import Glibc
import HBONE
import Mesh
import Reactor
import TestCertificates
import Testing

@testable import ZTunnel

/// With real seconds: certificates of seconds, and a reactor that runs for some.
struct CertificatesTests {
    private static func identity(_ name: String) -> SPIFFEIdentity {
        SPIFFEIdentity(trustDomain: "cluster.local", namespace: "shop", serviceAccount: name)
    }

    @Test func `each certificate is renewed at its own half life, also when another was renewed just before`() throws {
        let folder = try TestAuthority()
        let reactor = Reactor(kernel: try LinuxKernel())
        let log = Log(try LogSink(format: .plain), format: .plain, level: .error)
        let certificates = Certificates(
            LocalCertificateSource(try LocalAuthority(directory: folder.directory)), lifetimeSeconds: 8, on: reactor,
            log
        ) { _ in }
        let (early, late) = (Self.identity("early"), Self.identity("late"))

        certificates.want([early])
        run(reactor, seconds: 1.5)
        certificates.want([early, late])
        let first = certificates.held
        // Half of eight seconds, and a moment for the timer.
        run(reactor, seconds: 6)
        for identity in [early, late] {
            let (old, new) = (try #require(first[identity]), try #require(certificates.held[identity]))
            #expect(new.serialNumber != old.serialNumber, "\(identity)")
        }
        certificates.want([])
        #expect(certificates.held.isEmpty)
        log.sink.close()
    }

    /// An authority that can be replaced, or be away.
    private final class Source: CertificateSource {
        var authority: TestAuthority?

        init(_ authority: TestAuthority) { self.authority = authority }

        func issue(
            to identity: SPIFFEIdentity, lifetimeSeconds: Int64,
            answer: @escaping (Result<Credential, CertificateFailure>) -> Void
        ) {
            guard let authority else { return answer(.failure(CertificateFailure("away"))) }
            do {
                let local = try LocalAuthority(directory: authority.directory)
                answer(
                    .success(try local.issue(to: identity, now: Int64(time(nil)), lifetimeSeconds: lifetimeSeconds)))
            } catch {
                answer(.failure(CertificateFailure("\(error)")))
            }
        }
    }

    /// Certificates from a source, on a reactor of their own.
    private func certificates(
        _ source: Source, lifetimeSeconds: Int64, _ told: @escaping ([SPIFFEIdentity: Credential]) -> Void = { _ in }
    ) throws -> (Certificates, Reactor) {
        let reactor = Reactor(kernel: try LinuxKernel())
        let log = Log(try LogSink(format: .plain), format: .plain, level: .error)
        return (
            Certificates(source, lifetimeSeconds: lifetimeSeconds, on: reactor, log, changed: told), reactor
        )
    }

    @Test func `one that cannot be renewed is kept, and is another one once the authority is back`() throws {
        let authority = try TestAuthority()
        let source = Source(authority)
        let (certificates, reactor) = try certificates(source, lifetimeSeconds: 8)
        let web = Self.identity("web")
        certificates.want([web])
        let first = try #require(certificates.held[web])
        source.authority = nil
        run(reactor, seconds: 5)
        #expect(certificates.held[web]?.serialNumber == first.serialNumber)
        source.authority = authority
        run(reactor, seconds: 5)
        #expect(certificates.held[web]?.serialNumber != first.serialNumber)
    }

    @Test func `who is told of roots holds others to them at once, and renews what leads elsewhere`() throws {
        let (old, new) = (try TestAuthority(), try TestAuthority())
        let source = Source(old)
        var told: [SPIFFEIdentity: Credential] = [:]
        let (certificates, reactor) = try certificates(source, lifetimeSeconds: 3600) { told = $0 }
        let web = Self.identity("web")
        certificates.want([web])
        let first = try #require(certificates.held[web])
        let both = try TrustAnchors(pem: Array((old.root + new.root).utf8))
        certificates.trust(both, signer: first.root)
        #expect(told[web]?.roots == both && told[web]?.serialNumber == first.serialNumber)
        run(reactor, seconds: 3)
        #expect(certificates.held[web]?.serialNumber == first.serialNumber && certificates.roots == [first.root])

        source.authority = new
        let successor = try LocalAuthority(directory: new.directory).issue(
            to: web, now: Int64(time(nil)), lifetimeSeconds: 60)
        certificates.trust(both, signer: successor.root)
        run(reactor, seconds: 5)
        // The new one came with its own root alone; what was told counts.
        #expect(certificates.roots == [successor.root] && told[web]?.roots == both)
    }

    @Test func `what is revoked stays so when nobody tells of roots any more, and by a file beside`() throws {
        let authority = try TestAuthority()
        let (certificates, _) = try certificates(Source(authority), lifetimeSeconds: 3600)
        let (web, late) = (Self.identity("web"), Self.identity("late"))
        certificates.want([web])
        let root = try #require(certificates.held[web]).root
        var anchors = try TrustAnchors(pem: Array(authority.root.utf8))
        anchors.revocations = try Revocations(file: authority.revocationList(["01"]))
        certificates.trust(anchors, signer: root)
        certificates.forgetTrust()
        certificates.want([web, late])
        #expect(certificates.held[late]?.roots.revocations.count == 1)
        certificates.revoke(try Revocations(file: authority.revocationList(["02", "03"])))
        #expect(certificates.held.values.allSatisfy { $0.roots.revocations.count == 3 })
        certificates.revoke(.none)
        #expect(certificates.held.values.allSatisfy { $0.roots.revocations.count == 1 })
    }

    private func run(_ reactor: Reactor, seconds: Double) {
        let end = Date(timeIntervalSinceNow: seconds)
        _ = reactor.after(milliseconds: UInt64(seconds * 1000)) {}
        while Date() < end { #expect(throws: Never.self) { try reactor.runOnce() } }
    }
}
