import Discovery
import HBONE
import Mesh

/// What a certificate authority sends a proxy.
extension FuzzEntry {
    private static let asker = SPIFFEIdentity(
        trustDomain: "cluster.local", namespace: "shop", serviceAccount: "web")

    /// The elements of an answer's chain, with a zero byte between them. Nobody but the authority can make one that is taken: the
    /// request's key is new each time.
    static let certificateAnswer = FuzzEntry("certificate-answer", inputLimitBytes: 8192) { bytes throws(FuzzFault) in
        let chain = bytes.split(separator: 0, omittingEmptySubsequences: false).map { text(Array($0)) }
        guard let request = try? SigningRequest(for: asker) else { throw FuzzFault("no request") }
        guard (try? request.credential(certifiedBy: chain, now: 1_800_000_000)) == nil else {
            throw FuzzFault("a certificate that nobody has signed is taken")
        }
    }

    /// Roots, and lists of what is revoked. What is read is no more than was sent.
    static let trustBundle = FuzzEntry(pure: "trust-bundle", inputLimitBytes: 8192) { bytes throws(FuzzFault) in
        guard let bundle = try? TrustBundle(decoding: bytes) else { return TrustAnchors?.none }
        guard let again = try? TrustBundle(decoding: bundle.encoded()), again == bundle else {
            throw FuzzFault("\(bundle) is not read as it was written")
        }
        let anchors = try? TrustAnchors(
            certificates: bundle.roots, signer: bundle.signer, revocationLists: bundle.revocationLists)
        guard anchors?.revocations.count ?? 0 <= bytes.count else { throw FuzzFault("more is revoked than was said") }
        return anchors
    }

    /// The messages of a gRPC stream, which come in pieces as a server likes.
    static let grpcMessages = FuzzEntry(pure: "grpc-messages", inputLimitBytes: 4096) { bytes throws(FuzzFault) in
        let limit = 1024
        let whole = messages(in: [bytes[...]], limitBytes: limit)
        let middle = bytes.count / 3
        for pieces in [bytes.indices.map { bytes[$0...$0] }, [bytes[..<middle], bytes[middle...]]]
        where messages(in: pieces, limitBytes: limit) != whole {
            throw FuzzFault("other messages when they come in pieces")
        }
        guard whole.allSatisfy({ $0.count <= limit }) else { throw FuzzFault("a message longer than any may be") }
        return whole
    }

    private static func messages(in pieces: [ArraySlice<UInt8>], limitBytes: Int) -> [[UInt8]] {
        var reader = GRPCMessageReader(limitBytes: limitBytes)
        var messages: [[UInt8]] = []
        for piece in pieces {
            let isBroken = (try? reader.take(piece)) == nil
            while let message = reader.next() { messages.append(message) }
            if isBroken { break }
        }
        return messages
    }
}
