import Glibc
@testable import HBONE
import Mesh
import Reactor

/// A peer that speaks TLS as it should and HTTP/2 as a test wants it: frames out, frames in.
final class RawPeer: EventHandler {
    struct Frame: Equatable {
        let type: UInt8
        let flags: UInt8
        let stream: UInt32
        let payload: [UInt8]

        /// RFC 9113 §4.1.
        var bytes: [UInt8] {
            let (count, id) = (payload.count, stream)
            return [UInt8(count >> 16), UInt8(count >> 8 & 0xff), UInt8(count & 0xff), type, flags]
                + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: id >> $0) } + payload
        }

        init(_ type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) {
            self.type = type
            self.flags = flags
            self.stream = stream
            self.payload = payload
        }

        /// The error code of a GOAWAY.
        var goAwayCode: UInt32? {
            guard type == 7, payload.count >= 8 else { return nil }
            return payload[4..<8].reduce(0) { $0 << 8 | UInt32($1) }
        }
    }

    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    private let session: TLSSession
    private let socket: CInt
    private let scratch = TLSScratch()
    private var received: [UInt8] = []
    private(set) var isEstablished = false
    private(set) var hasEnded = false

    init(_ context: TLSContext, to address: SocketAddress, on reactor: Reactor) throws {
        let socket = try Socket.connect(to: address, options: Socket.Options())
        let raw = socket.raw
        self.socket = raw
        session = try TLSSession(context, socket, expecting: .identities([TunnelPair.server]), scratch)
        _ = try reactor.watch(raw, for: self)
    }

    func ready(_ readiness: Readiness) {
        session.noteReadable(readiness)
        if session.isBlocked { session.resume() }
        if !isEstablished { isEstablished = session.handshake() == .established }
        if isEstablished { read() }
    }

    private func read() {
        var room = [UInt8](repeating: 0, count: 65536)
        while true {
            switch unsafe room.withUnsafeMutableBytes({ unsafe session.read(into: $0) }) {
            case .filled(let count): received += room[..<count]
            case .wouldBlock: return
            case .ended:
                hasEnded = true
                return
            }
        }
    }

    /// False when the socket takes no more at the moment; then nothing was sent.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        guard !session.isBlocked else { return false }
        _ = unsafe bytes.withUnsafeBytes { unsafe session.write($0) }
        session.flush()
        return true
    }

    /// Past TLS.
    func sendInClear(_ bytes: [UInt8]) { _ = Glibc.send(socket, bytes, bytes.count, CInt(MSG_NOSIGNAL)) }

    func send(_ frames: [Frame]) { send(frames.flatMap(\.bytes)) }

    /// What has come so far, whole frames.
    var frames: [Frame] {
        var frames: [Frame] = []
        var rest = received[...]
        while rest.count >= 9 {
            let head = Array(rest.prefix(9))
            let count = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
            guard rest.count >= 9 + count else { break }
            let stream = head[5..<9].reduce(0) { $0 << 8 | UInt32($1) }
            frames.append(Frame(head[3], flags: head[4], stream: stream, Array(rest.dropFirst(9).prefix(count))))
            rest = rest.dropFirst(9 + count)
        }
        return frames
    }
}
