import Glibc
package import HBONE
package import Mesh

/// Who makes certificates for this node's identities.
package protocol CertificateSource: AnyObject {
    /// The answer comes exactly once, at once or later.
    func issue(
        to identity: SPIFFEIdentity, lifetimeSeconds: Int64,
        answer: @escaping (Result<Credential, CertificateFailure>) -> Void)
}

/// Why there is no certificate, in words.
package struct CertificateFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// This proxy's own authority.
package final class LocalCertificateSource: CertificateSource {
    private let authority: LocalAuthority

    package init(_ authority: consuming LocalAuthority) { self.authority = authority }

    package func issue(
        to identity: SPIFFEIdentity, lifetimeSeconds: Int64,
        answer: @escaping (Result<Credential, CertificateFailure>) -> Void
    ) {
        do throws(TLSFailure) {
            answer(
                .success(
                    try authority.issue(to: identity, now: Int64(time(nil)), lifetimeSeconds: lifetimeSeconds)))
        } catch {
            answer(.failure(CertificateFailure("\(error)")))
        }
    }
}
