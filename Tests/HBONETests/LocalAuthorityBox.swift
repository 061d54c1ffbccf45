import Glibc
import HBONE
import Mesh

/// A working authority for tests.
final class LocalAuthorityBox {
    let certificates: TestAuthority
    let authority: LocalAuthority

    init() throws {
        certificates = try TestAuthority()
        authority = try LocalAuthority(directory: certificates.directory)
    }

    static var now: Int64 { Int64(time(nil)) }

    func issue(_ identity: SPIFFEIdentity) throws -> Credential {
        try authority.issue(to: identity, now: Self.now, lifetimeSeconds: 3600)
    }
}
