import Glibc
package import HBONE
package import Mesh

/// A working authority for tests.
package final class LocalAuthorityBox {
    package let certificates: TestAuthority
    package let authority: LocalAuthority

    package init() throws {
        certificates = try TestAuthority()
        authority = try LocalAuthority(directory: certificates.directory)
    }

    package static var now: Int64 { Int64(time(nil)) }

    package func issue(_ identity: SPIFFEIdentity) throws -> Credential {
        try authority.issue(to: identity, now: Self.now, lifetimeSeconds: 3600)
    }
}
