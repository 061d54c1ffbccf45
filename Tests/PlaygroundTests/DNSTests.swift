import Mesh
@testable import Playground
import Testing

struct DNSTests {
    private var zone: DNSZone {
        var zone = DNSZone(domain: "cluster.local")
        zone.add(service: "catalog", namespace: "shop", addresses: [IPAddress("10.96.3.4")!])
        zone.add(service: "peers", namespace: "shop", addresses: (1...200).map { IPAddress("10.244.1.\($0)")! })
        zone.add(service: "empty", namespace: "shop", addresses: [])
        return zone
    }

    /// A query as glibc sends it: identifier 0x1234, recursion desired, one question.
    private func query(_ name: String, type: UInt16 = 1, class: UInt16 = 1, extra: [UInt8] = []) -> [UInt8] {
        let labels = name.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        let additional: UInt8 = extra.isEmpty ? 0 : 1
        return [0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, additional] + labels + [0]
            + [UInt8(type >> 8), UInt8(type & 0xff), UInt8(`class` >> 8), UInt8(`class` & 0xff)] + extra
    }

    @Test func `a service's name is answered with its address`() throws {
        let answer = try #require(zone.answer(query("catalog.shop.svc.cluster.local"), turn: 0))
        let header: [UInt8] = [
            0x12, 0x34,  // the query's identifier
            0x85, 0x80,  // an answer, authoritative, recursion desired and available, no error
            0, 1, 0, 1, 0, 0, 0, 0,  // one question, one answer
        ]
        let record: [UInt8] = [
            0xc0, 0x0c, 0, 1, 0, 1,  // the question's name, A, IN
            0, 0, 0, 5,  // seconds to live
            0, 4, 10, 96, 3, 4,
        ]
        #expect(answer == header + query("catalog.shop.svc.cluster.local").dropFirst(12) + record)
    }

    @Test func `letter case is the asker's own and does not matter`() throws {
        let asked = query("Catalog.SHOP.svc.cluster.LOCAL")
        let answer = try #require(zone.answer(asked, turn: 0))
        #expect(answer[7] == 1)
        #expect(answer[12...].starts(with: asked[12...]))
    }

    @Test func `an unknown name does not exist`() throws {
        let answer = try #require(zone.answer(query("nothing.shop.svc.cluster.local"), turn: 0))
        #expect(answer[3] & 0x0f == 3)
        #expect(answer[6...7] == [0, 0])
    }

    @Test(arguments: ["catalog.shop.svc.cluster.local", "empty.shop.svc.cluster.local"])
    func `a name that exists has no IPv6 address rather than no existence`(name: String) throws {
        let answer = try #require(zone.answer(query(name, type: DNSQuestion.addressV6), turn: 0))
        #expect(answer[3] & 0x0f == 0)
        #expect(answer[6...7] == [0, 0])
    }

    @Test func `an answer holds as many addresses as fit and is never truncated`() throws {
        let answer = try #require(zone.answer(query("peers.shop.svc.cluster.local"), turn: 0))
        #expect(answer.count <= 512)
        #expect(answer[2] & 0x02 == 0)
        #expect(answer[7] == 29)
    }

    @Test func `EDNS makes room for more and is answered in kind`() throws {
        let option: [UInt8] = [0, 0, 41, 0x10, 0x00, 0, 0, 0, 0, 0, 0]
        let answer = try #require(zone.answer(query("peers.shop.svc.cluster.local", extra: option), turn: 0))
        #expect((513...1232).contains(answer.count))
        #expect(answer[11] == 1)
        #expect(answer.suffix(11).starts(with: [0, 0, 41]))
    }

    @Test func `addresses take turns`() throws {
        let first = try #require(zone.answer(query("peers.shop.svc.cluster.local"), turn: 0))
        let second = try #require(zone.answer(query("peers.shop.svc.cluster.local"), turn: 1))
        #expect(first != second)
    }

    @Test(arguments: [
        [], [0x12, 0x34], Array(repeating: 0xff, count: 12),
        // An answer: answering it could go on for ever.
        [0x12, 0x34, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1],
    ])
    func `what is no query gets silence`(datagram: [UInt8]) {
        #expect(zone.answer(datagram, turn: 0) == nil)
    }

    @Test(arguments: [
        // No question; two questions.
        [0, 0, 0, 0, 0, 0, 0, 0], [0, 2, 0, 0, 0, 0, 0, 0, 1, 0, 1],
        // A name that points to itself.
        [0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 0x0c, 0, 1, 0, 1],
        // A label longer than what follows; a name without end; a type without class.
        [0, 1, 0, 0, 0, 0, 0, 0, 63, 1, 2], [0, 1, 0, 0, 0, 0, 0, 0, 1, 0x61], [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1],
        // A dot and a control character inside labels.
        [0, 1, 0, 0, 0, 0, 0, 0, 3, 0x61, 0x2e, 0x62, 0, 0, 1, 0, 1], [0, 1, 0, 0, 0, 0, 0, 0, 1, 0x1b, 0, 0, 1, 0, 1],
        // An additional record that is no OPT, and an OPT that ends early.
        [0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 1, 0x61, 0, 0, 1, 0, 1],
        [0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, 9],
    ])
    func `a query that breaks the rules is malformed`(afterFlags: [UInt8]) throws {
        let answer = try #require(zone.answer([0x12, 0x34, 0x01, 0x00] + afterFlags, turn: 0))
        #expect(answer == [0x12, 0x34, 0x80, 0x81, 0, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test func `a name longer than 255 bytes is malformed`() throws {
        let name = Array(repeating: String(repeating: "a", count: 63), count: 4).joined(separator: ".")
        #expect(try #require(zone.answer(query(name), turn: 0))[3] & 0x0f == 1)
    }

    @Test func `only queries are served, and only for the internet class`() throws {
        var update = query("catalog.shop.svc.cluster.local")
        update[2] = 0x28
        #expect(try #require(zone.answer(update, turn: 0))[3] & 0x0f == 4)
        let chaos = query("catalog.shop.svc.cluster.local", class: 3)
        #expect(try #require(zone.answer(chaos, turn: 0))[3] & 0x0f == 5)
    }

    @Test func `no bytes make the resolver fail`() {
        var random = SplitMix(state: 0x5eed)
        let valid = query("catalog.shop.svc.cluster.local", extra: [0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, 0])
        let zone = zone
        var longest = 0
        for _ in 0..<20_000 {
            var bytes = valid
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            bytes.removeLast(Int.random(in: 0...4, using: &random))
            longest = max(longest, zone.answer(bytes, turn: 3)?.count ?? 0)
        }
        #expect(longest <= 1232)
    }

    @Test func `a pod searches its own namespace first`() {
        let text = zone.resolverConfiguration(namespace: "shop", nameserver: IPAddress("10.244.1.1")!)
        #expect(
            text == """
                search shop.svc.cluster.local svc.cluster.local cluster.local
                nameserver 10.244.1.1
                options ndots:5

                """)
    }
}

/// A small generator with a seed, so that a failure can be had again.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }
}
