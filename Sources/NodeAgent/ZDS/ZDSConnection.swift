import Discovery
import Reactor

/// One node proxy at the other end of a socket: reads and writes what its session orders. Thread-confined.
final class ZDSConnection: EventHandler {
    /// Whom a connection works for.
    protocol Owner: AnyObject {
        /// Every pod that the proxy should serve, as requests.
        func knownPods() -> [ZDSRequest]
        /// The namespace that goes with a request to add a pod; nil when there is none any more.
        func namespace(ofPod uid: String) -> NetworkNamespace?
        func answered(_ request: ZDSRequest, error: String?, by connection: ZDSConnection)
        /// The connection is over, and why.
        func ended(_ connection: ZDSConnection, _ reason: String)
    }

    private let reactor: Reactor
    private unowned let owner: any Owner
    private var socket: PacketSocket?
    private var token: Token?
    private var session = ZDSSession()
    private var timer: Reactor.TimerID?

    init(_ descriptor: consuming Descriptor, on reactor: Reactor, owner: any Owner) throws(Errno) {
        self.reactor = reactor
        self.owner = owner
        let raw = descriptor.raw
        socket = PacketSocket(owning: descriptor)
        token = try reactor.watch(raw, for: self)
        restartTimer()
    }

    var isOpen: Bool { session.isOpen }

    func submit(_ request: ZDSRequest) { perform(session.submit(request)) }

    func close(_ reason: String) {
        guard let token else { return }
        reactor.forget(token)
        self.token = nil
        socket = nil
        if let timer { reactor.cancel(timer) }
        timer = nil
        _ = session.ended()
        owner.ended(self, reason)
    }

    func ready(_ readiness: Readiness) {
        while let received = receive() {
            perform(session.received(received, pods: owner.knownPods))
        }
    }

    /// The next packet; nil when there is none now, or never again.
    private func receive() -> [UInt8]? {
        do throws(Errno) {
            guard let reception = try socket?.receive(limitBytes: ZDSPacket.limitBytes) else { return nil }
            switch consume reception {
            case .wouldBlock: return nil
            case .ended: close("the proxy closed the connection")
            case .packet(let packet): return whole(packet)
            }
        } catch {
            close("cannot read: \(error)")
        }
        return nil
    }

    private func whole(_ packet: consuming PacketSocket.Packet) -> [UInt8]? {
        let (bytes, isTruncated) = (packet.bytes, packet.isTruncated)
        // Proxies pass no descriptors; one that came is closed here.
        let companion = packet.takeDescriptor()
        if !isTruncated, companion == nil { return bytes }
        close(isTruncated ? "a packet that is too long" : "a packet with a descriptor")
        return nil
    }

    private func perform(_ orders: [ZDSSession.Order]) {
        for order in orders {
            switch order {
            case .send(let request): send(request)
            case .answered(let request, let error):
                restartTimer()
                owner.answered(request, error: error, by: self)
            case .close(let reason): close(reason)
            }
        }
    }

    private func send(_ request: ZDSRequest) {
        restartTimer()
        do {
            guard case .add(let uid, _) = request else { return try socket?.send(try request.encoded()) ?? () }
            // Between the list of pods and its turn a pod can only have been released, which is asked for next.
            guard let namespace = owner.namespace(ofPod: uid) else { return close("pod \(uid) is gone") }
            try socket?.send(try request.encoded(), passing: namespace.raw)
        } catch {
            close("cannot write: \(error)")
        }
    }

    private func restartTimer() {
        if let timer { reactor.cancel(timer) }
        timer = nil
        guard session.isAwaited, token != nil else { return }
        timer = reactor.after(milliseconds: ZDSSession.answerLimitMilliseconds) { [weak self] in
            guard let self else { return }
            self.perform(self.session.deadlinePassed())
        }
    }
}
