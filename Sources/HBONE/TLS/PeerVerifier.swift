import COpenSSL
import Glibc
package import Mesh

/// What is demanded of a peer once its chain has been found good.
package enum PeerExpectation: Hashable, Sendable {
    /// A server takes any identity of its own trust domain.
    case trustDomain(String)
    /// A client takes only these.
    case identities([SPIFFEIdentity])
    /// A client takes a server whose certificate is for this name of DNS, or this address.
    case host(String)
}

/// Who a peer has proven to be.
package struct VerifiedPeer: Hashable, Sendable {
    /// The first URI name that is an identity: the one that policy judges.
    package let identity: SPIFFEIdentity
    /// Every URI name that is an identity.
    package let identities: [SPIFFEIdentity]
    /// From when to when its whole chain is valid, in seconds since 1970.
    package let validity: ClosedRange<Int64>
    /// The root that its chain leads to.
    package let root: Fingerprint
    /// What would have to be revoked for it not to be trusted: each certificate of its chain but the root.
    package let links: [Revocations.Key]
}

/// Judges peers' certificate chains against one set of roots, and remembers those it found good: the same few hundred peers
/// come again and again, and each would cost a signature check. What is remembered is only that a chain leads to these
/// roots; possession of the key is proven in every handshake.
///
/// Owned by one `TLSContext`; never crosses threads.
final class PeerVerifier {
    /// Peers beyond this many are verified each time; the memory that hostile chains can claim ends here.
    private static let rememberedLimit = 4096

    private let revocations: Revocations
    private var remembered: [ChainHash: VerifiedPeer] = [:]

    init(_ revocations: Revocations) { self.revocations = revocations }

    /// Called by OpenSSL within the handshake with the peer's chain in `store`. Nil for a host, which has no identity.
    func verify(_ store: OpaquePointer, expecting expectation: PeerExpectation) throws(TLSFailure) -> VerifiedPeer? {
        if case .host(let name) = expectation {
            try unsafe verifyHost(store, name)
            return nil
        }
        let peer = try unsafe provenPeer(store)
        switch expectation {
        case .trustDomain(let own):
            guard peer.identities.contains(where: { $0.trustDomain == own }) else {
                throw .foreignTrustDomain(presented: peer.identity.description)
            }
        case .identities(let expected):
            guard peer.identities.contains(where: { expected.contains($0) }) else {
                throw .unexpectedIdentity(presented: peer.identity.description)
            }
        case .host: preconditionFailure("a host has no identity")
        }
        return peer
    }

    private func verifyHost(_ store: OpaquePointer, _ name: String) throws(TLSFailure) {
        let leaf = try unsafe verifiedLeaf(store)
        let isAddress = IPAddress(name) != nil
        // RFC 9525 §6: only names of the kind that is asked for, whole labels, and never the subject.
        let flags = UInt32(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)
        let isMatch =
            unsafe isAddress
            ? X509_check_ip_asc(leaf, name, flags) : X509_check_host(leaf, name, name.utf8.count, flags, nil)
        guard isMatch == 1 else { throw .unexpectedIdentity(presented: "its certificate is not for \(name)") }
    }

    private func verifiedLeaf(_ store: OpaquePointer) throws(TLSFailure) -> OpaquePointer {
        guard let leaf = unsafe X509_STORE_CTX_get0_cert(store) else { throw .noCertificate }
        guard unsafe X509_verify_cert(store) == 1 else {
            let reason = unsafe String(cString: X509_verify_cert_error_string(Int(X509_STORE_CTX_get_error(store))))
            throw .untrustedChain(reason)
        }
        return unsafe leaf
    }

    private func provenPeer(_ store: OpaquePointer) throws(TLSFailure) -> VerifiedPeer {
        guard let leaf = unsafe X509_STORE_CTX_get0_cert(store) else { throw .noCertificate }
        let hash = unsafe ChainHash(of: X509_STORE_CTX_get0_untrusted(store))
        let now = Int64(time(nil))
        if let hash, let known = remembered[hash], known.validity.contains(now) {
            unsafe X509_STORE_CTX_set_error(store, X509_V_OK)
            return known
        }
        _ = try unsafe verifiedLeaf(store)
        let identities = unsafe Certificate.uris(of: leaf).compactMap { SPIFFEIdentity($0) }
        guard let first = identities.first else { throw .noIdentity }
        guard let validity = unsafe Self.validity(of: X509_STORE_CTX_get0_chain(store)) else {
            throw .untrustedChain("no moment at which all of it is valid")
        }
        let chain = unsafe X509_STORE_CTX_get0_chain(store)
        let count = unsafe COpenSSL_chain_count(chain)
        let links = (0..<max(1, count - 1)).compactMap {
            unsafe Revocations.Key.of(COpenSSL_chain_at(chain, $0))
        }
        guard let root = unsafe Certificate.fingerprint(of: COpenSSL_chain_at(chain, count - 1)) else {
            throw .untrustedChain("it has no root")
        }
        guard !revocations.contains(anyOf: links) else {
            unsafe X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REVOKED)
            throw .revoked(presented: first.description)
        }
        let peer = VerifiedPeer(
            identity: first, identities: identities, validity: validity, root: root, links: links)
        if let hash { remember(peer, as: hash) }
        return peer
    }

    private func remember(_ peer: VerifiedPeer, as hash: ChainHash) {
        if remembered.count >= Self.rememberedLimit { remembered.removeAll(keepingCapacity: true) }
        remembered[hash] = peer
    }

    private static func validity(of chain: OpaquePointer?) -> ClosedRange<Int64>? {
        // A year that no 32-bit arithmetic on dates overflows with.
        var (start, end): (Int64, Int64) = (0, 1 << 40)
        for index in unsafe 0..<COpenSSL_chain_count(chain) {
            let certificate = unsafe COpenSSL_chain_at(chain, index)
            start = unsafe max(start, Certificate.seconds(X509_get0_notBefore(certificate)))
            end = unsafe min(end, Certificate.seconds(X509_get0_notAfter(certificate)))
        }
        return start <= end ? start...end : nil
    }
}

/// SHA-256 over each certificate of a chain, in order.
private struct ChainHash: Hashable {
    private let digests: [UInt8]
    private static let certificateLimit: CInt = 8

    /// Nil for a chain that is longer than any we would remember.
    init?(of chain: OpaquePointer?) {
        let count = unsafe COpenSSL_chain_count(chain)
        guard count > 0, count <= Self.certificateLimit else { return nil }
        var digests = [UInt8](repeating: 0, count: 32 * Int(count))
        let isHashed = unsafe digests.withUnsafeMutableBufferPointer { room in
            (0..<count).allSatisfy { index in
                unsafe X509_digest(
                    COpenSSL_chain_at(chain, index), EVP_sha256(), room.baseAddress! + 32 * Int(index), nil) == 1
            }
        }
        guard isHashed else { return nil }
        self.digests = digests
    }
}
