import NIOCertificateReloading
import NIOSSL
import Reactor

/// This program's own certificate, at each handshake the one that is good by then.
struct ServerCertificate: CertificateReloader {
    private let authority: CertificateAuthority
    private let log: Log

    init(_ authority: CertificateAuthority, _ log: Log) {
        self.authority = authority
        self.log = log
    }

    var sslContextConfigurationOverride: NIOSSLContextConfigurationOverride {
        var override = NIOSSLContextConfigurationOverride()
        do {
            let credential = try authority.serverCredential()
            override.certificateChain = try credential.chain.map {
                .certificate(try NIOSSLCertificate(bytes: Array($0.utf8), format: .pem))
            }
            override.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(credential.key.utf8), format: .pem))
        } catch {
            // The one that the server began with is shown.
            log.error("ca", "no certificate for this server", ["error": "\(error)"])
        }
        return override
    }
}
