/// Who a workload is: `spiffe://<trust domain>/ns/<namespace>/sa/<service account>`. Any other shape is no identity.
package struct SPIFFEIdentity: Hashable, Sendable {
    package let trustDomain: String
    package let namespace: String
    package let serviceAccount: String

    package init(trustDomain: String, namespace: String, serviceAccount: String) {
        self.trustDomain = trustDomain
        self.namespace = namespace
        self.serviceAccount = serviceAccount
    }

    /// What policy compares: the URI without its scheme.
    package var principal: String { "\(trustDomain)/ns/\(namespace)/sa/\(serviceAccount)" }
}

extension SPIFFEIdentity: CustomStringConvertible, LosslessStringConvertible {
    private static let scheme = "spiffe://"
    /// SPIFFE ID specification §2.3: an implementation supports at least 2048 bytes, and need not take more.
    private static let lengthLimitBytes = 2048

    package init?(_ text: some StringProtocol) {
        guard text.utf8.count <= Self.lengthLimitBytes, text.utf8.starts(with: Self.scheme.utf8) else { return nil }
        let path = Substring(text).utf8.dropFirst(Self.scheme.utf8.count)
        let parts = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(Substring.init)
        guard parts.count == 5, parts[1] == "ns", parts[3] == "sa",
            Self.isTrustDomain(parts[0]), Self.isSegment(parts[2]), Self.isSegment(parts[4])
        else { return nil }
        self.init(trustDomain: String(parts[0]), namespace: String(parts[2]), serviceAccount: String(parts[4]))
    }

    package var description: String { Self.scheme + principal }

    /// SPIFFE ID §2.1: lower-case letters, digits, dot, dash, underscore.
    private static func isTrustDomain(_ text: some StringProtocol) -> Bool {
        (1...255).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2e || $0 == 0x2d || $0 == 0x5f
            }
    }

    /// SPIFFE ID §2.2: letters, digits, dot, dash, underscore; neither `.` nor `..`.
    private static func isSegment(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text != "." && text != ".."
            && text.utf8.allSatisfy {
                (0x61...0x7a).contains($0) || (0x41...0x5a).contains($0) || (0x30...0x39).contains($0)
                    || $0 == 0x2e || $0 == 0x2d || $0 == 0x5f
            }
    }
}
