import Discovery
import Mesh
import Testing

struct TrustTests {
    private static let digest = Fingerprint(Array(0..<32))!

    @Test func `what is told of roots is read as it was written, and its version is that of its content`() throws {
        let bundle = TrustBundle(roots: [[1], [2, 3]], signer: Self.digest, revocationLists: [[4]])
        #expect(try TrustBundle(decoding: bundle.encoded()) == bundle)
        #expect(
            TrustBundle(roots: [[1], [2, 3]], signer: Self.digest, revocationLists: [[4]]).version == bundle.version)
        let others = [
            TrustBundle(roots: [[1]], signer: Self.digest, revocationLists: [[4]]),
            TrustBundle(roots: [[1], [2, 3]], signer: Self.digest),
            TrustBundle(roots: [[1], [2, 3]], signer: Fingerprint(Array(1..<33))!, revocationLists: [[4]]),
        ]
        #expect(others.allSatisfy { $0.version != bundle.version })
        let report = TrustReport(version: "v", restsOn: [Self.digest], rejection: "why")
        #expect(try TrustReport(decoding: report.encoded()) == report)
        #expect(try TrustReport(decoding: []) == TrustReport(version: "", restsOn: []))
    }

    @Test func `what cannot be meant is refused`() {
        #expect(throws: DiscoveryFault.missingField("roots")) { try TrustBundle(decoding: []) }
        #expect(throws: DiscoveryFault.missingField("signer")) { try TrustBundle(decoding: [0x12, 1, 5]) }
        // A root that nothing is below, 65 times; a digest of two bytes.
        let many = Array(repeating: [UInt8](arrayLiteral: 0x12, 0), count: 65).flatMap { $0 }
        #expect(throws: DiscoveryFault.outOfBounds(field: "roots")) { try TrustBundle(decoding: many) }
        #expect(throws: DiscoveryFault.self) { try TrustReport(decoding: [0x12, 2, 1, 2]) }
        #expect(throws: DiscoveryFault.self) { try TrustReport(decoding: [0xff]) }
    }

    @Test func `a fingerprint is written and read in hexadecimal`() {
        #expect(Self.digest.description.hasPrefix("000102") && Self.digest.description.count == 64)
        #expect(Fingerprint(hexadecimal: Self.digest.description) == Self.digest)
        #expect(Fingerprint(hexadecimal: "00") == nil && Fingerprint([1]) == nil)
        #expect(Fingerprint(hexadecimal: String(repeating: "zz", count: 32)) == nil)
    }
}
