@testable import HBONE
import Mesh
import Reactor
import TestCertificates
import Testing

/// What a peer can make a tunnel hold or do is bounded.
struct TunnelLimitTests {
    typealias Frame = RawPeer.Frame

    private let authority: LocalAuthorityBox

    init() throws { authority = try LocalAuthorityBox() }

    /// A served tunnel whose client is the test, after preface and SETTINGS.
    private func rawPeer(_ pair: TunnelPair) throws -> RawPeer {
        let context = try TLSContext(.client, authority.issue(TunnelPair.client))
        let peer = try RawPeer(context, to: pair.address, on: pair.reactor)
        #expect(try pair.run { peer.isEstablished })
        peer.send(RawPeer.preface + Frame(4).bytes)
        return peer
    }

    private func pair(settings: HTTP2Settings = HTTP2Settings(), storage: Int = 64 << 20) throws -> TunnelPair {
        try TunnelPair(
            client: authority.issue(TunnelPair.client), server: authority.issue(TunnelPair.server), settings: settings,
            storage: StorageBudget(limit: storage))
    }

    /// `:method: CONNECT`, `:authority: 10.0.0.1:80`, without Huffman coding (RFC 7541 §6.2.2).
    private static let connect = literal(":method", "CONNECT") + literal(":authority", "10.0.0.1:80")

    private static func literal(_ name: String, _ value: String) -> [UInt8] {
        [0x00] + string(name) + string(value)
    }

    private static func string(_ text: String) -> [UInt8] {
        precondition(text.utf8.count < 127, "longer lengths take several bytes")
        return [UInt8(text.utf8.count)] + Array(text.utf8)
    }

    private static let floods: [String: Frame] = [
        "PING": Frame(6, [0, 1, 2, 3, 4, 5, 6, 7]),
        "PING acknowledgements": Frame(6, flags: 1, [0, 1, 2, 3, 4, 5, 6, 7]),
        "SETTINGS": Frame(4),
        "PRIORITY": Frame(2, stream: 1, [0, 0, 0, 0, 15]),
        "frames of an unknown type": Frame(0xfa, stream: 0, [1]),
    ]

    @Test(arguments: floods.keys.sorted())
    func `a flood of what moves nothing ends the tunnel, and its peer is told to be calm`(kind: String) throws {
        let pair = try pair()
        let peer = try rawPeer(pair)
        let flood = [Frame](repeating: Self.floods[kind]!, count: 500)
        let hasEnded = try pair.run {
            if !peer.hasEnded { peer.send(flood) }
            return pair.closed[.server] != nil
        }
        #expect(hasEnded)
        #expect(
            pair.closed[.server]
                == .misconduct("the peer sends too many frames that carry nothing"))
        #expect(try pair.run { peer.hasEnded })
        #expect(peer.frames.last { $0.type == 7 }?.goAwayCode == 0xb)
    }

    @Test func `a flood of empty DATA frames ends the tunnel`() throws {
        let pair = try pair()
        pair.onRequest = { _, _ in }
        let peer = try rawPeer(pair)
        peer.send([Frame(1, flags: 4, stream: 1, Self.connect)])
        let flood = [Frame](repeating: Frame(0, stream: 1), count: 500)
        let hasEnded = try pair.run {
            peer.send(flood)
            return pair.closed[.server] != nil
        }
        #expect(hasEnded)
    }

    @Test func `headers without end end the tunnel`() throws {
        let pair = try pair()
        let peer = try rawPeer(pair)
        peer.send([Frame(1, flags: 0, stream: 1, Self.connect)])
        let more = [Frame](repeating: Frame(9, stream: 1, Self.literal("x", "y")), count: 200)
        let hasEnded = try pair.run {
            peer.send(more)
            return pair.closed[.server] != nil
        }
        #expect(hasEnded)
    }

    @Test func `requests that are taken back at once, over and over, end the tunnel`() throws {
        let pair = try pair()
        pair.onRequest = { _, _ in }
        let peer = try rawPeer(pair)
        var id: UInt32 = 1
        let hasEnded = try pair.run {
            var frames: [Frame] = []
            for _ in 0..<500 {
                frames += [Frame(1, flags: 4, stream: id, Self.connect), Frame(3, stream: id, [0, 0, 0, 8])]
                id += 2
            }
            peer.send(frames)
            return pair.closed[.server] != nil
        }
        #expect(hasEnded)
        #expect(try pair.run { peer.frames.contains { $0.goAwayCode == 0xb } })
    }

    @Test func `requests that come together are taken up a few at a time, and one taken back before costs nothing`()
        throws
    {
        let pair = try pair()
        var (requests, most, taken) = (0, 0, Set<Int32>())
        pair.onRequest = { _, stream in
            requests += 1
            taken.insert(stream.id)
        }
        let peer = try rawPeer(pair)
        let withdrawn: UInt32 = 399
        peer.send(
            (0..<200).map { Frame(1, flags: 4, stream: UInt32(2 * $0 + 1), Self.connect) }
                + [Frame(3, stream: withdrawn, [0, 0, 0, 8])])
        let areTaken = try pair.run {
            most = max(most, requests)
            requests = 0
            return taken.count == 199
        }
        #expect(areTaken)
        #expect(most <= 32)
        #expect(!taken.contains(Int32(withdrawn)))
    }

    /// RFC 7541 §7.3: a large field goes into the table once and is named by one byte from then on.
    @Test func `a few bytes that stand for many headers end their stream, and no other`() throws {
        let pair = try pair()
        var requests = 0
        pair.onRequest = { _, _ in requests += 1 }
        let peer = try rawPeer(pair)
        let large = [0x40] + Self.string("x") + [0x7f, 0x81, 0x1d] + [UInt8](repeating: 0x61, count: 3_840)
        let bomb = Self.connect + large + [UInt8](repeating: 0xbe, count: 1_000)
        peer.send([Frame(1, flags: 4, stream: 1, bomb), Frame(1, flags: 4, stream: 3, Self.connect)])
        #expect(try pair.run { requests == 1 })
        #expect(try pair.run { peer.frames.contains { $0.type == 3 && $0.stream == 1 } })
        #expect(pair.closed[.server] == nil)
    }

    @Test func `more streams than were announced are refused, and the tunnel goes on`() throws {
        var settings = HTTP2Settings()
        settings.concurrentStreams = 5
        let pair = try pair(settings: settings)
        var requests = 0
        pair.onRequest = { _, _ in requests += 1 }
        let peer = try rawPeer(pair)
        peer.send((0..<9).map { Frame(1, flags: 4, stream: UInt32(2 * $0 + 1), Self.connect) })
        #expect(try pair.run { peer.frames.count { $0.type == 3 && $0.payload == [0, 0, 0, 7] } == 4 })
        #expect(requests == 5)
        // Who has acknowledged the number and goes beyond it breaks the protocol (RFC 9113 §5.1.2).
        peer.send([Frame(4, flags: 1), Frame(1, flags: 4, stream: 101, Self.connect)])
        #expect(try pair.run { peer.frames.contains { $0.goAwayCode == 1 } })
    }

    @Test func `a handshake that does not go on is ended`() throws {
        var settings = HTTP2Settings()
        settings.handshakeTimeoutMilliseconds = 100
        let pair = try pair(settings: settings)
        let silent = try Socket.connect(to: pair.address, options: Socket.Options())
        #expect(try pair.run { pair.closed[.server] == .tls(.timedOut) })
        #expect(silent.raw >= 0)
    }

    /// Both share the buffer in which ciphertext is collected, the alert too.
    @Test func `a record that cannot be decrypted ends its tunnel, and disturbs no other of the reactor`() throws {
        let pair = try pair()
        let (near, far, _) = try pair.connectApplications()
        let peer = try rawPeer(pair)
        #expect(try pair.run { !peer.frames.isEmpty })
        peer.sendInClear([23, 3, 3, 0, 32] + [UInt8](repeating: 0, count: 32))
        #expect(try pair.run { peer.hasEnded })
        var up = Transfer(from: near, to: far, seed: 6, bytes: 1_000_000)
        var down = Transfer(from: far, to: near, seed: 7, bytes: 1_000_000)
        let isDone = try pair.run {
            up.step()
            down.step()
            return up.hasArrived && down.hasArrived
        }
        #expect(isDone)
        let next = try rawPeer(pair)
        #expect(try pair.run { !next.frames.isEmpty })
    }

    // MARK: Storage

    @Test func `many applications that do not read make a tunnel's windows narrow, and hold up no other`() throws {
        let pair = try pair()
        var stuck: [(near: Application, far: Application, stream: TunnelStream)] = []
        for _ in 0..<24 { stuck.append(try pair.connectApplications()) }
        var floods = stuck.map { Transfer(from: $0.near, to: $0.far, seed: 1, bytes: 16_000_000) }
        let (near, far, _) = try pair.connectApplications()
        var up = Transfer(from: near, to: far, seed: 2, bytes: 20_000_000)
        var most = 0
        let isDone = try pair.run {
            for index in floods.indices { floods[index].stepSending() }
            up.step()
            most = max(most, pair.storage.stored)
            return up.hasArrived
        }
        #expect(isDone)
        // Full windows would be 96 MiB.
        #expect(most > 16 << 20)
        #expect(most < 48 << 20)
        #expect(stuck.allSatisfy { $0.near.ending == nil })
        // They wake up, and everything is there.
        let areDone = try pair.run {
            for index in floods.indices { floods[index].step() }
            return floods.allSatisfy(\.hasArrived)
        }
        #expect(areDone)
    }

    @Test func `at the pod's bound the stream that holds most is cut, and no other`() throws {
        // As if the peer took no notice of narrower windows.
        var settings = HTTP2Settings()
        settings.narrowStreamWindowBytes = settings.streamWindowBytes
        let pair = try pair(settings: settings, storage: 1 << 20)
        let (slow, slowFar, _) = try pair.connectApplications()
        var trickle = Transfer(from: slow, to: slowFar, seed: 3, bytes: 30_000)
        let (near, far, _) = try pair.connectApplications()
        var flood = Transfer(from: near, to: far, seed: 4, bytes: 30_000_000)
        let isCut = try pair.run {
            flood.stepSending()
            trickle.stepSending()
            return near.ending != nil
        }
        #expect(isCut)
        #expect(near.ending == .resetByPeer(code: 8))
        #expect(pair.storage.stored < 1 << 20)
        let isDone = try pair.run {
            trickle.step()
            return trickle.hasArrived
        }
        #expect(isDone)
        let (other, otherFar, _) = try pair.connectApplications()
        var up = Transfer(from: other, to: otherFar, seed: 5, bytes: 5_000_000)
        #expect(
            try pair.run {
                up.step()
                return up.hasArrived
            })
    }

    @Test func `an application that goes gives back what it held`() throws {
        let pair = try pair()
        let (near, far, _) = try pair.connectApplications()
        var flood = Transfer(from: near, to: far, seed: 4, bytes: 30_000_000)
        #expect(
            try pair.run {
                flood.stepSending()
                return pair.storage.stored > 1 << 20
            })
        far.reset()
        #expect(try pair.run { pair.storage.stored == 0 })
    }

    @Test func `what an application leaves untaken after its peer has gone is not kept for ever`() throws {
        var settings = HTTP2Settings()
        settings.detachedStallMilliseconds = 300
        let pair = try pair(settings: settings)
        let (far, farInner) = try Application.pair()
        var farSocket: CInt? = farInner
        pair.onRequest = { _, stream in
            let raw = farSocket.take()!
            stream.observer = far
            stream.join(Descriptor(owning: raw), try! pair.reactor.watch(raw, for: stream), [])
            stream.accept(baggage: nil)
        }
        let peer = try rawPeer(pair)
        peer.send([Frame(4, flags: 1), Frame(1, flags: 4, stream: 1, Self.connect)])
        #expect(try pair.run { farSocket == nil })
        far.finish()
        var sent = 0
        _ = try pair.run {
            if peer.send(Frame(0, stream: 1, [UInt8](repeating: 7, count: 16_384)).bytes) { sent += 16_384 }
            return sent >= 4 << 20
        }
        #expect(try pair.run { peer.send(Frame(0, flags: 1, stream: 1).bytes) })
        #expect(try pair.run { pair.storage.stored > 0 })
        var received = 0
        #expect(
            try pair.run {
                if received < 100_000, case .bytes(let bytes) = far.read() { received += bytes.count }
                return far.ending != nil
            })
        #expect(received >= 100_000)
        #expect(far.ending == .stalled)
        #expect(pair.storage.stored == 0)
    }

    /// Who has sent all and then resets wants no answer; the application must not wait for ever to get rid of its own.
    @Test func `an application blocked in a write gets on when its client has ended and reset`() throws {
        let pair = try pair()
        let context = try TLSContext(.client, authority.issue(TunnelPair.client))
        let (far, farInner) = try Application.pair()
        var farSocket: CInt? = farInner
        pair.onRequest = { _, stream in
            let raw = farSocket.take()!
            stream.join(Descriptor(owning: raw), try! pair.reactor.watch(raw, for: stream), [])
            stream.accept(baggage: nil)
        }
        let peer = try RawPeer(context, to: pair.address, on: pair.reactor)
        #expect(try pair.run { peer.isEstablished })
        peer.send(RawPeer.preface + Frame(4).bytes + Frame(1, flags: 4, stream: 1, Self.connect).bytes)
        #expect(try pair.run { farSocket == nil && !peer.frames.isEmpty })
        // From now on the windows are what the server announced.
        peer.send([Frame(4, flags: 1)])
        // Up to the stream's window; the application reads none of it and writes as much as it can.
        var sent = 0
        _ = try pair.run {
            if sent < 4 << 20, peer.send(Frame(0, stream: 1, [UInt8](repeating: 7, count: 16_384)).bytes) {
                sent += 16_384
            }
            return sent >= 4 << 20
        }
        let answer = [UInt8](repeating: 9, count: 200_000)
        var written = 0
        var quietTurns = 0
        _ = try pair.run {
            let count = far.write(answer[...])
            written += count
            quietTurns = count == 0 ? quietTurns + 1 : 0
            return quietTurns > 20
        }
        let leaving = Frame(0, flags: 1, stream: 1).bytes + Frame(3, stream: 1, [0, 0, 0, 8]).bytes
        #expect(try pair.run { peer.send(leaving) })
        // It can write again, and what it reads is whole.
        #expect(try pair.run { far.write(answer[...]) > 0 })
        var received = 0
        let hasEnd = try pair.run {
            while case .bytes(let bytes) = far.read() { received += bytes.count }
            return received >= sent
        }
        #expect(hasEnd)
    }
}
