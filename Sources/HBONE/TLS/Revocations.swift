import COpenSSL
import Mesh

/// Certificates that are not trusted any more, whatever they lead to.
package struct Revocations: Hashable, Sendable {
    /// Which certificate is meant: who issued it and under which number (RFC 5280 §5.1.2.6). 128 bits of SHA-256 over both: a
    /// list may be long.
    package struct Key: Hashable, Sendable {
        private let high: UInt64
        private let low: UInt64

        fileprivate init(digest: [UInt8]) {
            high = digest[..<8].reduce(0) { $0 << 8 | UInt64($1) }
            low = digest[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
        }
    }

    /// What the lists were made of: equal lists revoke equally.
    private let digests: [[UInt8]]
    private let keys: Set<Key>

    package static let none = Revocations()

    private init() { (digests, keys) = ([], []) }

    /// Reads lists of revoked certificates (RFC 5280 §5). That one is past its next update does not make what it says wrong.
    ///
    /// - Parameters:
    ///   - lists: DER.
    ///   - roots: a list that one of them is said to have issued must be signed by it. Of others the word of who told of
    ///     them counts.
    package init(lists: [[UInt8]], issuedBelow roots: TrustAnchors) throws(TLSFailure) {
        var keys: Set<Key> = []
        for der in lists {
            let list = try RevocationList(der: der)
            try list.checkSignature(roots)
            try list.collect(&keys)
        }
        self.keys = keys
        digests = lists.map { sha256(of: $0) }
    }

    /// Lists in a file, in PEM or one in DER. Whoever may write the file is believed.
    package init(file bytes: [UInt8]) throws(TLSFailure) {
        let isPEM = bytes.starts(with: Array("-----BEGIN".utf8))
        try self.init(
            lists: isPEM ? RevocationList.all(inPEM: bytes) : [bytes], issuedBelow: TrustAnchors(certificates: []))
    }

    /// What either revokes.
    package func union(_ other: Revocations) -> Revocations {
        if other.digests.isEmpty { return self }
        return digests.isEmpty ? other : Revocations(digests + other.digests, keys.union(other.keys))
    }

    private init(_ digests: [[UInt8]], _ keys: Set<Key>) { (self.digests, self.keys) = (digests, keys) }

    package static func == (one: Revocations, other: Revocations) -> Bool { one.digests == other.digests }

    package func hash(into hasher: inout Hasher) { hasher.combine(digests) }

    package var count: Int { keys.count }

    package func contains(anyOf chain: [Key]) -> Bool { !keys.isEmpty && chain.contains { keys.contains($0) } }
}

extension Revocations.Key {
    /// Of a certificate.
    static func of(_ certificate: OpaquePointer?) -> Self? {
        unsafe Self(X509_get_issuer_name(certificate), X509_get0_serialNumber(certificate))
    }

    fileprivate init?(_ issuer: OpaquePointer?, _ serial: UnsafePointer<ASN1_INTEGER>?) {
        guard let serial = unsafe serial else { return nil }
        let count = unsafe i2d_X509_NAME(issuer, nil)
        guard count > 0 else { return nil }
        var bytes = unsafe [UInt8](unsafeUninitializedCapacity: Int(count)) { room, filled in
            var cursor = room.baseAddress
            filled = unsafe Int(i2d_X509_NAME(issuer, &cursor))
        }
        let number = unsafe UnsafeBufferPointer(
            start: ASN1_STRING_get0_data(serial), count: Int(ASN1_STRING_length(serial)))
        unsafe bytes.append(contentsOf: number)
        self.init(digest: sha256(of: bytes))
    }
}

/// Sole owner of a parsed list.
@safe private struct RevocationList: ~Copyable {
    private let raw: OpaquePointer

    init(der: [UInt8]) throws(TLSFailure) {
        let parsed = unsafe der.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            var cursor = bytes.baseAddress
            return unsafe d2i_X509_CRL(nil, &cursor, bytes.count)
        }
        guard let parsed = unsafe parsed else {
            ERR_clear_error()
            throw .unusableCredential("not a DER list of revoked certificates")
        }
        unsafe self.raw = parsed
    }

    deinit { unsafe X509_CRL_free(raw) }

    /// The lists in a PEM text, as DER.
    static func all(inPEM text: [UInt8]) throws(TLSFailure) -> [[UInt8]] {
        let found = unsafe withSource(text) { source in
            var found: [[UInt8]] = []
            while let next = unsafe PEM_read_bio_X509_CRL(source, nil, nil, nil) {
                defer { unsafe X509_CRL_free(next) }
                let count = unsafe i2d_X509_CRL(next, nil)
                found.append(
                    unsafe [UInt8](unsafeUninitializedCapacity: Int(max(0, count))) { room, filled in
                        var cursor = room.baseAddress
                        filled = unsafe Int(i2d_X509_CRL(next, &cursor))
                    })
            }
            return found
        }
        // The end of the text is reported as an error, too.
        ERR_clear_error()
        guard !found.isEmpty else { throw .unusableCredential("no list of revoked certificates in it") }
        return found
    }

    borrowing func checkSignature(_ roots: TrustAnchors) throws(TLSFailure) {
        var isClaimed = false
        for der in roots.certificates {
            let root = try Certificate(der: der)
            guard unsafe X509_NAME_cmp(X509_get_subject_name(root.raw), X509_CRL_get_issuer(raw)) == 0 else { continue }
            isClaimed = true
            if unsafe X509_CRL_verify(raw, X509_get0_pubkey(root.raw)) == 1 { return }
            ERR_clear_error()
        }
        guard !isClaimed else {
            throw .unusableCredential("a list of revoked certificates is not signed by the root that it names")
        }
    }

    borrowing func collect(_ keys: inout Set<Revocations.Key>) throws(TLSFailure) {
        let revoked = unsafe X509_CRL_get_REVOKED(raw)
        for index in unsafe 0..<COpenSSL_revoked_count(revoked) {
            let serial = unsafe X509_REVOKED_get0_serialNumber(COpenSSL_revoked_at(revoked, index))
            guard let key = unsafe Revocations.Key(X509_CRL_get_issuer(raw), serial) else {
                throw .unusableCredential("a list of revoked certificates names one that cannot be read")
            }
            keys.insert(key)
        }
    }
}

/// SHA-256 of some bytes.
func sha256(of bytes: [UInt8]) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: Fingerprint.length) { room, filled in
        unsafe SHA256(bytes, bytes.count, room.baseAddress)
        filled = Fingerprint.length
    }
}
