import Testing

@testable import Discovery

struct ZDSTests {
    static let pod = ZDSPod(name: "web", namespace: "shop", serviceAccount: "cart")

    /// Each packet as the published protocol writes it, a field per line.
    static let requests: [(ZDSRequest, String)] = [
        (
            .add(uid: "u1", pod),
            """
            0a 17           add, 23 bytes
            0a 02 75 31     uid "u1"
            12 11           workload_info, 17 bytes
            0a 03 77 65 62  name "web"
            12 04 73 68 6f 70  namespace "shop"
            1a 04 63 61 72 74  service_account "cart"
            """
        ),
        (
            .del(uid: "u1"),
            """
            12 04           del, 4 bytes
            12 02 75 31     uid "u1", field 2
            """
        ),
        (
            .keep(uid: "u1"),
            """
            2a 04           keep, field 5, 4 bytes
            0a 02 75 31     uid "u1"
            """
        ),
        (
            .snapshotSent,
            """
            1a 00           snapshot_sent, empty
            """
        ),
    ]

    @Test(arguments: requests)
    func `a request is written with the published numbers, and read back`(request: ZDSRequest, hex: String) throws {
        #expect(try request.encoded() == bytes(hex))
        #expect(try ZDSRequest(decoding: bytes(hex)) == request)
    }

    @Test func `the hello names version 1, and no other is accepted`() throws {
        #expect(try ZDSHello().encoded() == [0x08, 0x01])
        #expect(throws: Never.self) { try ZDSHello(decoding: [0x08, 0x01]) }
        #expect(throws: ZDSError.unsupportedVersion(2)) { try ZDSHello(decoding: [0x08, 0x02]) }
        #expect(throws: ZDSError.unsupportedVersion(0)) { try ZDSHello(decoding: []) }
    }

    @Test func `an acknowledgement is empty, a refusal carries its reason`() throws {
        #expect(try ZDSResponse(decoding: [0x0a, 0x00]) == .ack(error: nil))
        #expect(try ZDSResponse(decoding: [0x0a, 0x04, 0x0a, 0x02, 0x6e, 0x6f]) == .ack(error: "no"))
        #expect(try ZDSResponse.ack(error: "no").encoded() == [0x0a, 0x04, 0x0a, 0x02, 0x6e, 0x6f])
        let plain = try ZDSResponse.ack(error: nil).encoded()
        #expect(try ZDSResponse(decoding: plain) == .ack(error: nil))
    }

    @Test func `a reason that is too long is cut to fit a packet`() throws {
        let packet = try ZDSResponse.ack(error: String(repeating: "é", count: 2000)).encoded()
        #expect(packet.count <= ZDSPacket.limitBytes)
        #expect(try ZDSResponse(decoding: packet) == .ack(error: String(repeating: "é", count: 509)))
    }

    @Test func `fields that are not known are ignored`() throws {
        #expect(try ZDSRequest(decoding: bytes("12 07 12 02 75 31 7a 01 61")) == .del(uid: "u1"))
        #expect(try ZDSRequest(decoding: bytes("7a 03 61 62 63 1a 00")) == .snapshotSent)
    }

    @Test(arguments: requests)
    func `a packet that ends too early is never taken for a whole one`(request: ZDSRequest, hex: String) {
        let packet = bytes(hex)
        for count in 0..<packet.count {
            #expect(throws: ZDSError.self, "\(count) of \(packet.count) bytes") {
                try ZDSRequest(decoding: Array(packet.prefix(count)))
            }
        }
    }

    @Test func `what a request cannot do without is named when it is missing`() {
        #expect(throws: ZDSError.missingField("add.workload_info")) {
            try ZDSRequest(decoding: bytes("0a 04 0a 02 75 31"))
        }
        #expect(throws: ZDSError.missingField("add.uid")) { try ZDSRequest(decoding: bytes("0a 02 12 00")) }
        #expect(throws: ZDSError.missingField("del.uid")) { try ZDSRequest(decoding: bytes("12 04 0a 02 75 31")) }
        #expect(throws: ZDSError.missingField("payload")) { try ZDSRequest(decoding: []) }
        #expect(throws: ZDSError.missingField("payload")) { try ZDSResponse(decoding: []) }
    }

    @Test func `more than a packet is refused in both directions`() {
        #expect(throws: ZDSError.tooLong(bytes: 1025)) { try ZDSRequest(decoding: [UInt8](repeating: 0, count: 1025)) }
        #expect(throws: ZDSError.tooLong(bytes: 1106)) {
            try ZDSRequest.keep(uid: String(repeating: "u", count: 1100)).encoded()
        }
    }

    @Test func `text that is not UTF-8 is malformed`() {
        #expect(throws: ZDSError.malformed) { try ZDSRequest(decoding: bytes("12 04 12 02 ff fe")) }
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `no bytes whatever make the decoder do anything but answer or throw`(seed: UInt64) {
        var random = SeededGenerator(state: seed)
        for _ in 0..<1000 {
            let count = Int.random(in: 0...64, using: &random)
            let packet = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            _ = try? ZDSRequest(decoding: packet)
            _ = try? ZDSResponse(decoding: packet)
            _ = try? ZDSHello(decoding: packet)
        }
    }

    /// The pairs of hex digits that begin each line; what follows two spaces is a comment.
    private func bytes(_ hex: String) -> [UInt8] {
        hex.split(separator: "\n").flatMap { line in
            (line.firstRange(of: "  ").map { line[..<$0.lowerBound] } ?? line).split(separator: " ")
                .compactMap { $0.count == 2 ? UInt8($0, radix: 16) : nil }
        }
    }
}

/// SplitMix64: the same numbers for the same seed.
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
