import CLinux
import CNghttp2
import Glibc
package import Reactor

/// Who is told how a stream fares.
package protocol TunnelStreamObserver: AnyObject {
    /// The peer's application has accepted; from now on bytes flow. (A client's stream only.)
    func streamEstablished(_ response: ConnectResponse)
    /// Called exactly once, and last.
    func streamEnded(_ ending: TunnelStream.Ending)
}

/// One connection inside a tunnel: a CONNECT stream on one side, an application's socket on the other.
///
/// Bytes go from socket to frame and from frame to socket without resting here, except those that the application is not
/// ready to take: these are bounded by the stream's window, which is given back only as they leave.
/// Owned by its tunnel and its reactor; never crosses threads.
@safe package final class TunnelStream: EventHandler {
    package enum Ending: Hashable, Sendable {
        /// Both sides have ended, and everything they sent was delivered.
        case complete
        case resetByApplication
        case resetByPeer(code: UInt32)
        /// The peer did not connect us; nothing was carried.
        case refused(ConnectResponse)
        /// The peer has not looked at it: it may be tried on another tunnel.
        case unprocessed
        case tunnelLost
        /// Its peer was gone, and its application did not take what was left.
        case stalled
        /// Its application left more untaken than there is room for.
        case exhausted
        /// Ended by us: a policy, a drain, a client that went away before it was connected.
        case cancelled
    }

    private let tunnel: Tunnel
    private let reactor: Reactor
    package private(set) var id: Int32 = 0
    package var observer: (any TunnelStreamObserver)?

    // Headers as they come in.
    var request = ConnectRequest(authority: "")
    var response = ConnectResponse()
    /// As RFC 9113 §6.5.2 counts them.
    private var headerBytes = 0

    // The application's side.
    private var socket: Descriptor?
    private var token: Token?
    private var descriptor: CInt = -1
    private var undelivered = PendingBytes()
    /// Stands in for the application where the connection goes on in another tunnel.
    private var partner: TunnelStream?

    private var isReadable = false
    private var hasEnd = false
    /// nghttp2 waits for `resume`.
    private var isDeferred = false
    private(set) var isEstablished = false
    private var peerHasEnded = false
    private var toldApplicationEnd = false
    private(set) var sentEnd = false
    /// The code of a peer that has sent all and takes nothing more.
    private var cutShort: UInt32?
    private var hasDiscarded = false
    private var lingering: Reactor.TimerID?
    private var stall: Reactor.TimerID?
    /// The HTTP/2 stream is gone; what is undelivered may still be on its way to the application.
    private(set) var isClosed = false
    private(set) var hasEnded = false

    /// From the application into the tunnel, and out of it.
    package private(set) var bytesIntoTunnel: UInt64 = 0
    package private(set) var bytesOutOfTunnel: UInt64 = 0

    init(_ tunnel: Tunnel, _ reactor: Reactor) {
        self.tunnel = tunnel
        self.reactor = reactor
    }

    func opened(as id: Int32) { self.id = id }

    /// A request is looked at once; who sends a long one must not have it kept for as long as the stream lives.
    func takeRequest() -> ConnectRequest {
        defer { request = ConnectRequest(authority: "") }
        return request
    }

    /// A header field has come: false when there are more than we announced to take. nghttp2 does not hold peers to that, and
    /// a byte on the wire can stand for thousands (RFC 7541 §7.3).
    func admitsHeader(name: Int, value: Int) -> Bool {
        headerBytes += name + value + 32
        return headerBytes <= tunnel.headerListLimit
    }

    // MARK: Joining an application

    /// Gives the stream its application's socket, which the reactor watches already as `token`.
    /// - Parameter readiness: what epoll has said of it so far and will not repeat.
    package func join(_ socket: consuming Descriptor, _ token: Token, _ readiness: Readiness) {
        descriptor = socket.raw
        self.socket = consume socket
        self.token = token
        reactor.hand(token, to: self)
        isReadable = readiness.callsForRead
        hasEnd = readiness.announcesEnd
    }

    /// Makes two streams of different tunnels one connection: each is the other's application. What one brings waits there,
    /// within its window, until the other has room.
    package static func join(_ first: TunnelStream, _ second: TunnelStream) {
        precondition(first.tunnel !== second.tunnel, "a stream joined to one of its own tunnel")
        first.partner = second
        second.partner = first
    }

    /// Answers a peer's request: the application is there (200), and bytes flow.
    /// - Parameter baggage: what the application's workload tells of itself.
    package func accept(baggage: String?) {
        guard !isClosed else { return }
        isEstablished = true
        var headers = HeaderBlock(status: 200)
        if let baggage { headers.add("baggage", baggage) }
        tunnel.respond(headers, on: self, withBody: true)
        if let partner { partner.resumeFromPartner() } else { deliver() }
        resumeFromPartner()
    }

    /// Answers a peer's request with a refusal; the stream ends.
    package func refuse(status: Int) {
        guard !isClosed else { return }
        response.status = status
        tunnel.respond(HeaderBlock(status: status), on: self, withBody: false)
        end(.cancelled)
    }

    /// Whether header fields that come are those of an answer to our request.
    var awaitsAnswer: Bool { tunnel.role == .client && !isEstablished && !hasEnded }

    /// The peer answered our request.
    func answered() {
        guard !(100..<200).contains(response.status) else {
            // RFC 9110 §15.2: the real answer is still to come. How many may come before it is bounded by `admitsHeader`.
            response = ConnectResponse()
            return
        }
        guard response.status == 200 else {
            let response = response
            tunnel.reset(self, NGHTTP2_CANCEL.rawValue)
            return end(.refused(response))
        }
        isEstablished = true
        observer?.streamEstablished(response)
        resumeReading()
        resumeFromPartner()
    }

    // MARK: From the application

    package func ready(_ readiness: Readiness) {
        if readiness.contains(.failed), let raw = socket?.raw, Socket.pendingError(of: raw) != nil {
            return abort(.resetByApplication)
        }
        if readiness.callsForRead { isReadable = true }
        if readiness.announcesEnd { hasEnd = true }
        if readiness.contains(.writable), !undelivered.isEmpty { deliver() }
        resumeReading()
    }

    private func resumeReading() {
        if cutShort != nil { return discardRest() }
        guard isReadable, isDeferred, isEstablished, !isClosed else { return }
        isDeferred = false
        tunnel.resume(self)
    }

    enum Filling { case filled(Int), ended, deferred }

    /// Reads from the application straight into the batch. Called by nghttp2 when it may send.
    func fill(_ room: UnsafeMutableRawBufferPointer) -> Filling {
        if let partner { return unsafe fill(room, from: partner) }
        guard isReadable, isEstablished, descriptor >= 0 else {
            isDeferred = true
            return .deferred
        }
        let count = unsafe recv(descriptor, room.baseAddress!, room.count, 0)
        if count > 0 {
            // A short read took all there was, unless the end stands behind it.
            if count < room.count, !hasEnd { isReadable = false }
            bytesIntoTunnel += UInt64(count)
            return .filled(count)
        }
        if count == 0 {
            sentEnd = true
            return .ended
        }
        isDeferred = true
        if Errno.last == .wouldBlock {
            isReadable = false
        } else {
            abort(.resetByApplication)
        }
        return .deferred
    }

    // MARK: To the application

    /// Writes received bytes to the application; what it does not take waits here.
    func receive(_ parts: UnsafeBufferPointer<iovec>, _ total: Int) {
        var taken = 0
        if descriptor >= 0, isEstablished, undelivered.isEmpty {
            let count =
                unsafe parts.count == 1
                ? send(descriptor, parts[0].iov_base, total, CInt(MSG_NOSIGNAL))
                : writev(descriptor, parts.baseAddress!, CInt(parts.count))
            if count < 0, Errno.last != .wouldBlock {
                tunnel.returnWindow(of: self, delivered: total, stored: 0)
                return abort(.resetByApplication)
            }
            taken = max(0, count)
        } else if hasEnded {
            return tunnel.returnWindow(of: self, delivered: total, stored: 0)
        } else if let partner, partner.hasEnded {
            tunnel.returnWindow(of: self, delivered: total, stored: 0)
            return endAfterPartner()
        }
        bytesOutOfTunnel += UInt64(taken)
        if taken < total { unsafe store(parts, after: taken) }
        tunnel.returnWindow(of: self, delivered: taken, stored: total - taken)
        noteStorage()
        partner?.resumeFromPartner()
    }

    /// Bytes of memory in which it keeps what its application has not taken.
    private(set) var storedBytes = 0

    private func noteStorage() {
        let change = undelivered.capacity - storedBytes
        guard change != 0 else { return }
        storedBytes += change
        tunnel.storageChanged(of: self, by: change)
    }

    private func store(_ parts: UnsafeBufferPointer<iovec>, after taken: Int) {
        var skipped = taken
        for index in parts.indices {
            let part = unsafe parts[index]
            let bytes = unsafe UnsafeRawBufferPointer(start: part.iov_base, count: part.iov_len)
            if skipped >= bytes.count {
                skipped -= bytes.count
                continue
            }
            unsafe undelivered.append(UnsafeRawBufferPointer(rebasing: bytes[skipped...]))
            skipped = 0
        }
    }

    /// Takes up what waits for the application.
    private func deliver() {
        var taken = 0
        while !undelivered.isEmpty {
            let bytes = unsafe undelivered.bytes
            let count = unsafe send(descriptor, bytes.baseAddress!, bytes.count, CInt(MSG_NOSIGNAL))
            guard count > 0 else {
                let failure = Errno.last
                guard failure != .wouldBlock else { break }
                bytesOutOfTunnel += UInt64(taken)
                tunnel.returnStored(of: self, taken)
                return abort(.resetByApplication)
            }
            taken += count
            undelivered.drop(count)
        }
        bytesOutOfTunnel += UInt64(taken)
        tunnel.returnStored(of: self, taken)
        noteStorage()
        passEndOn()
    }

    /// The peer has sent its last byte.
    func peerEnded() {
        peerHasEnded = true
        passEndOn()
    }

    private func passEndOn() {
        guard undelivered.isEmpty, peerHasEnded, isEstablished else { return }
        if let partner { return passEndOn(to: partner) }
        guard descriptor >= 0 else { return }
        // Closing says it too.
        if isClosed, sentEnd { return end(.complete) }
        if !toldApplicationEnd {
            toldApplicationEnd = true
            Socket.shutdownWrite(descriptor)
        }
        if cutShort != nil { discardRest() }
    }

    // MARK: Another tunnel's stream as the application

    private func fill(_ room: UnsafeMutableRawBufferPointer, from partner: TunnelStream) -> Filling {
        guard isEstablished else {
            isDeferred = true
            return .deferred
        }
        let count = unsafe partner.handOver(room)
        if count > 0 {
            bytesIntoTunnel += UInt64(count)
            return .filled(count)
        }
        guard partner.hasHandedOverAll else {
            isDeferred = true
            return .deferred
        }
        sentEnd = true
        partner.passEndOn()
        return .ended
    }

    /// Whether its peer has ended, and all it sent is on its way.
    private var hasHandedOverAll: Bool { peerHasEnded && undelivered.isEmpty }

    /// Moves what has been received to where the other stream's frame will be.
    private func handOver(_ room: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(room.count, undelivered.count)
        guard count > 0, isEstablished else { return 0 }
        unsafe room.baseAddress!.copyMemory(from: undelivered.bytes.baseAddress!, byteCount: count)
        undelivered.drop(count)
        bytesOutOfTunnel += UInt64(count)
        tunnel.returnStored(of: self, count)
        noteStorage()
        return count
    }

    /// The other stream has bytes, or its end.
    private func resumeFromPartner() {
        guard partner != nil, isDeferred, isEstablished, !isClosed else { return }
        isDeferred = false
        tunnel.resume(self)
    }

    /// All that this stream's peer sent has been handed over, and its end is to follow.
    private func passEndOn(to partner: TunnelStream) {
        guard partner.sentEnd || partner.hasEnded else { return partner.resumeFromPartner() }
        if isClosed, sentEnd { return end(.complete) }
        // Whoever sends nothing more and wants nothing more is done with.
        if cutShort != nil { end(cutShortEnding) }
    }

    /// The other stream is gone and took along where this one's bytes went.
    private func partnerEnded(_ ending: Ending) {
        guard !hasEnded else { return }
        guard ending == .complete else { return abort(.resetByApplication) }
        // Its end is still to be sent; a reset before it would take it along.
        if sentEnd, !isClosed, !peerHasEnded { endAfterPartner() } else { resumeFromPartner() }
    }

    /// Nobody takes what this peer goes on sending (RFC 9113 §8.1).
    private func endAfterPartner() {
        guard sentEnd, !hasEnded else { return }
        hasDiscarded = true
        if !isClosed { tunnel.reset(self, NGHTTP2_NO_ERROR.rawValue) }
        end(.complete)
    }

    // MARK: Cut short

    private static let lingerMilliseconds: UInt64 = 50

    /// Closes as a TCP socket whose application is gone: the application here reads all that the peer sent and its end, and
    /// what it goes on sending is answered by a reset. A close with something unread would send that reset at once, and it
    /// would overtake what is on its way.
    private func discardRest() {
        // Also while there is something to deliver: an application that waits for its own bytes to go takes none of ours.
        guard !hasEnded, discardReceived() else { return }
        guard !undelivered.isEmpty || Socket.unacknowledgedBytes(of: descriptor) > 0 else { return end(cutShortEnding) }
        guard lingering == nil else { return }
        lingering = reactor.after(milliseconds: Self.lingerMilliseconds) { [unowned self] in
            self.lingering = nil
            self.discardRest()
        }
    }

    private var cutShortEnding: Ending {
        guard hasDiscarded, let cutShort, cutShort != NGHTTP2_NO_ERROR.rawValue else { return .complete }
        return .resetByPeer(code: cutShort)
    }

    /// Takes from the kernel what nobody wants (tcp(7), MSG_TRUNC), a bounded share at a time; false when the application has
    /// broken off.
    private func discardReceived() -> Bool {
        for _ in 0..<16 {
            let count = recv(descriptor, nil, 1 << 20, CInt(MSG_TRUNC))
            if count > 0 {
                hasDiscarded = true
                continue
            }
            guard count < 0, Errno.last != .wouldBlock else { return true }
            abort(.resetByApplication)
            return false
        }
        return true
    }

    // MARK: Ending

    /// nghttp2 has closed the stream.
    func closed(code: UInt32) {
        isClosed = true
        guard !hasEnded else { return }
        defer { limitStall() }
        switch code {
        case NGHTTP2_NO_ERROR.rawValue where peerHasEnded && sentEnd: passEndOn()
        case _ where isEstablished && peerHasEnded && !sentEnd:
            // A reset after the end (RFC 9113 §8.1): nothing more is wanted, and what was sent is whole.
            cutShort = code
            if undelivered.isEmpty || partner != nil { passEndOn() } else { discardRest() }
        case NGHTTP2_REFUSED_STREAM.rawValue where !isEstablished: end(.unprocessed)
        default: end(.resetByPeer(code: code))
        }
    }

    /// The tunnel is gone, and with it everything on the way.
    func tunnelLost() {
        isClosed = true
        // What arrived in full is still delivered.
        guard peerHasEnded, sentEnd else { return end(.tunnelLost) }
        passEndOn()
        limitStall()
    }

    /// Nobody at the other end pings any more: an application that stands still would hold this for ever.
    private func limitStall() {
        guard !hasEnded, descriptor >= 0 else { return }
        let left = leftBytes
        stall = reactor.after(milliseconds: tunnel.detachedStallMilliseconds) { [unowned self] in
            self.stall = nil
            if self.leftBytes < left { self.limitStall() } else { self.abort(.stalled) }
        }
    }

    /// That the application has not taken.
    private var leftBytes: Int { undelivered.count + Socket.unacknowledgedBytes(of: descriptor) }

    /// Ends the connection now, as a reset in both directions.
    package func cancel() { abort(.cancelled) }

    /// Its pod's room for untaken bytes is used up, mostly by this one.
    func cut() { abort(.exhausted) }

    private func abort(_ ending: Ending) {
        guard !hasEnded else { return }
        // RFC 9113 §8.5: a TCP error is signalled with CONNECT_ERROR.
        let code = ending == .resetByApplication ? NGHTTP2_CONNECT_ERROR : NGHTTP2_CANCEL
        if !isClosed { tunnel.reset(self, code.rawValue) }
        end(ending)
    }

    private func end(_ ending: Ending) {
        guard !hasEnded else { return }
        hasEnded = true
        tunnel.returnStored(of: self, undelivered.count)
        undelivered.removeAll()
        noteStorage()
        leaveApplication(withReset: ending != .complete)
        let (observer, partner) = (observer, partner)
        self.observer = nil
        self.partner = nil
        observer?.streamEnded(ending)
        partner?.partnerEnded(ending)
    }

    /// A refused stream's application never was connected: its socket is closed by whoever holds it.
    private func leaveApplication(withReset: Bool) {
        for timer in [lingering, stall] {
            if let timer { reactor.cancel(timer) }
        }
        lingering = nil
        stall = nil
        guard let socket = socket.take() else { return }
        if let token { reactor.forget(token) }
        token = nil
        descriptor = -1
        if withReset { reactor.reset(socket) }
    }
}

@available(*, unavailable)
extension TunnelStream: Sendable {}
