import Mesh
import Testing

@testable import Netlink

/// Bytes as this (little-endian) machine's kernel writes them.
struct NetlinkMessageTests {
    /// An acknowledgement of the message with sequence 7.
    static let acknowledgement: [UInt8] = [
        0x24, 0, 0, 0,  // length 36
        0x02, 0, 0x00, 0x01,  // NLMSG_ERROR, NLM_F_CAPPED
        7, 0, 0, 0, 9, 0, 0, 0,  // sequence 7, port 9
        0, 0, 0, 0,  // no error
        0x14, 0, 0, 0, 0x10, 0, 5, 0, 7, 0, 0, 0, 9, 0, 0, 0,  // the header of what was asked
    ]

    /// A refusal in words.
    static let refusal: [UInt8] = [
        0x30, 0, 0, 0,  // length 48
        0x02, 0, 0x00, 0x03,  // NLMSG_ERROR, NLM_F_CAPPED | NLM_F_ACK_TLVS
        7, 0, 0, 0, 9, 0, 0, 0,  // sequence 7, port 9
        0xea, 0xff, 0xff, 0xff,  // -EINVAL
        0x14, 0, 0, 0, 0x10, 0, 5, 0, 7, 0, 0, 0, 9, 0, 0, 0,  // the header of what was asked
        0x09, 0, 0x01, 0, 0x6f, 0x68, 0x20, 0x21, 0, 0, 0, 0,  // NLMSGERR_ATTR_MSG "oh !", padding
    ]

    @Test func `a datagram is split into its messages`() throws {
        let messages = try NetlinkMessage.split(Self.acknowledgement + Self.refusal)
        #expect(messages.map(\.sequence) == [7, 7])
        #expect(messages.map(\.bytes.count) == [36, 48])
    }

    @Test func `an acknowledgement and a refusal are told apart`() throws {
        let good = try #require(try NetlinkMessage.split(Self.acknowledgement)[0].acknowledgement())
        #expect(good.code == 0 && good.explanation == nil)
        let bad = try #require(try NetlinkMessage.split(Self.refusal)[0].acknowledgement())
        #expect(bad.code == 22 && bad.explanation == "oh !")
    }

    @Test func `a message that claims more than there is, or less than its header, is malformed`() {
        for length in [0, 15, 37, 0xffff] as [UInt32] {
            let datagram = length.nativeBytes + Self.acknowledgement.dropFirst(4)
            #expect(throws: NetlinkError.self) { try NetlinkMessage.split(datagram) }
        }
        for count in 1..<16 {
            #expect(throws: NetlinkError.self) { try NetlinkMessage.split(Array(Self.refusal.prefix(count))) }
        }
    }

    @Test func `an error too short for its code is malformed`() throws {
        let message: [UInt8] = [0x14, 0, 0, 0, 2, 0, 0, 0, 7, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0]
        #expect(throws: NetlinkError.self) { try NetlinkMessage.split(message)[0].acknowledgement() }
    }

    @Test func `an attribute that reaches past its message is malformed`() {
        #expect(throws: NetlinkError.self) { try NetlinkAttributes([9, 0, 1, 0, 1, 2, 3, 4]) }
        #expect(throws: NetlinkError.self) { try NetlinkAttributes([3, 0, 1, 0]) }
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `no bytes whatever make the reader do anything but answer or throw`(seed: UInt64) {
        var random = SeededGenerator(state: seed)
        for _ in 0..<2000 {
            var datagram = (0..<Int.random(in: 0...96, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            // Small lengths get further than any.
            for place in [0, 16, 20] where datagram.count > place + 2 {
                datagram.replaceSubrange(place..<place + 2, with: [UInt8(datagram.count - place), 0])
            }
            for place in [2, 3] where datagram.count > 4 { datagram[place] = 0 }
            guard let messages = try? NetlinkMessage.split(datagram) else { continue }
            for message in messages {
                _ = try? message.acknowledgement()
                _ = try? TrackedConnection(message)
                _ = try? TCPConnection(message)
                _ = try? NetlinkAttributes(message.payload)
            }
        }
    }

    @Test func `a socket is read with its mark, and one that is cut is malformed`() throws {
        var bytes: [UInt8] = [0, 0, 0, 0, 20, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0]  // length later; SOCK_DIAG_BY_FAMILY
        bytes += [10, 1, 0, 0, 0x3a, 0x99, 0x9c, 0x40]  // AF_INET6, ESTABLISHED; ports 15001 and 40000
        bytes += [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1]  // ::ffff:127.0.0.1
        bytes += [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]  // fd00::2
        bytes += [UInt8](repeating: 0, count: 32)  // interface, cookie, timers, queues, owner
        bytes += [8, 0, 15, 0, 0x39, 0x05, 0, 0]  // INET_DIAG_MARK 0x539
        bytes[0] = UInt8(bytes.count)
        let connection = try TCPConnection(try NetlinkMessage.split(bytes)[0])
        #expect(connection.local == SocketAddress("127.0.0.1:15001"))
        #expect(connection.remote == SocketAddress("[fd00::2]:40000"))
        #expect(connection.mark == 0x539 && connection.isOpen)
        for length in 16..<88 {
            let cut = [UInt8(length)] + bytes[1..<length]
            #expect(throws: NetlinkError.self) { try TCPConnection(try NetlinkMessage.split(cut)[0]) }
        }
    }

    @Test func `numbers are read only at their own size`() throws {
        let attributes = try NetlinkAttributes([8, 0, 1, 0, 0, 0, 1, 2, 6, 0, 2, 0, 1, 2, 0, 0, 5, 0, 3, 0, 7, 0, 0, 0])
        #expect(attributes.big(1) == 0x0102)
        #expect(attributes.native(2) == nil)
        #expect(attributes.byte(3) == 7)
        #expect(attributes.byte(1) == nil)
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
