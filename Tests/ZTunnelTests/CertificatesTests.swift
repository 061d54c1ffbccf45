import Foundation
import Glibc
import HBONE
import Mesh
import Reactor
import Testing

@testable import ZTunnel

/// With real seconds: certificates of seconds, and a reactor that runs for some.
struct CertificatesTests {
    private static func identity(_ name: String) -> SPIFFEIdentity {
        SPIFFEIdentity(trustDomain: "cluster.local", namespace: "shop", serviceAccount: name)
    }

    @Test func `each certificate is renewed at its own half life, also when another was renewed just before`() throws {
        let folder = try AuthorityFolder()
        let reactor = Reactor(kernel: try LinuxKernel())
        let log = Log(try LogSink(format: .plain), format: .plain, level: .error)
        let certificates = Certificates(
            try LocalAuthority(directory: folder.path), lifetimeSeconds: 8, on: reactor, log
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

/// A certificate authority made by openssl; gone when the value is.
private final class AuthorityFolder {
    let path = NSTemporaryDirectory() + "slipstream-ca-\(UUID().uuidString)"

    init() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
            "/O=test", "-keyout", "\(path)/ca-key.pem", "-out", "\(path)/root-cert.pem",
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try FileManager.default.copyItem(atPath: path + "/root-cert.pem", toPath: path + "/ca-cert.pem")
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path + "/ca-key.pem")
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
