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

    private func run(_ reactor: Reactor, seconds: Double) {
        let end = Date(timeIntervalSinceNow: seconds)
        _ = reactor.after(milliseconds: UInt64(seconds * 1000)) {}
        while Date() < end { #expect(throws: Never.self) { try reactor.runOnce() } }
    }
}
