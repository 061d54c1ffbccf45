package import HBONE
import Mesh
import Reactor

/// A connection that a pod's application opens, from its capture to its end:
/// accept → original destination → choice of upstream → tunnel or plain connection → relay → record.
final class OutboundConnection: PodConnection, Awaiting, TunnelStreamObserver {
    private let pod: PodProxy
    private let worker: Worker
    private var record: ConnectionRecord?
    private let source: SocketAddress
    private var client: AcceptedClient!
    private var destination: SocketAddress?
    private var upstream: Upstream?

    // What is going on at the moment; at most one of them.
    private var arrivalTimer: Reactor.TimerID?
    private var answerTimer: Reactor.TimerID?
    private var connector: Connector?
    private var ticket: TunnelPool.Ticket?
    private var stream: TunnelStream?
    private var relay: Relay?
    /// While it is a connection without a tunnel.
    private var place: Places.Place?

    private var isSecondAttempt = false

    /// Nil when the client has gone already.
    init?(_ pod: PodProxy, _ socket: consuming Descriptor) {
        guard let source = Socket.peer(of: socket.raw) else { return nil }
        self.pod = pod
        worker = pod.worker
        self.source = source
        destination = Socket.originalDestination(of: socket.raw, source.ip.family)
        do throws(Errno) {
            client = try AcceptedClient(socket, on: worker.reactor) { [unowned self] in self.clientLeft() }
        } catch {
            return nil
        }
        record = ConnectionRecord(.outbound, client: source, nowNanoseconds: LinuxKernel.monotonicNanoseconds())
        pod.hold(self)
    }

    // MARK: Destination

    func begin() {
        record?.stage = .destination
        guard let destination else { return fail(.noOriginalDestination, .destination, .mesh) }
        record?.facts.server = destination
        guard let workload = pod.workload, let snapshot = worker.snapshot else { return waitForArrival() }
        record?.facts.source = workload
        choose(destination, workload, snapshot)
    }

    /// The pod's workload or certificate is on its way; until it is here, nothing is carried.
    private func waitForArrival() {
        guard arrivalTimer == nil else { return }
        pod.await(self)
        arrivalTimer = worker.reactor.after(milliseconds: worker.settings.arrivalTimeoutMilliseconds) { [weak self] in
            self?.arrivalTimedOut()
        }
    }

    func retry() {
        stopWaiting()
        begin()
    }

    private func arrivalTimedOut() {
        guard worker.snapshot != nil else { return fail(.notReady, .destination, .mesh) }
        guard pod.workload != nil else { return fail(.unknownWorkload, .destination, .mesh) }
        fail(.noCredential("none has been issued"), .tunnel, .mesh)
    }

    private func stopWaiting() {
        pod.stopAwaiting(self)
        if let arrivalTimer { worker.reactor.cancel(arrivalTimer) }
        arrivalTimer = nil
    }

    // MARK: Upstream

    private func choose(_ destination: SocketAddress, _ workload: WorkloadEntry, _ snapshot: Snapshot) {
        record?.stage = .upstream
        let choice = UpstreamChoice(
            snapshot: snapshot, network: worker.settings.network, client: workload, clientIP: source.ip)
        do throws(UpstreamFailure) {
            let upstream = try choice.upstream(for: destination, random: &worker.random)
            self.upstream = upstream
            record?.facts.server = upstream.address
            record?.facts.destination = upstream.workload
            record?.facts.service = upstream.service
            connect(upstream)
        } catch {
            fail(.upstream(error), .upstream, .mesh)
        }
    }

    private func connect(_ upstream: Upstream) {
        switch upstream.transport {
        case .direct: connectPlainly(to: upstream.address)
        case .tunnel(let authority, let expected): tunnel(to: upstream.address, authority, expected)
        }
    }

    // MARK: Plain

    private func connectPlainly(to address: SocketAddress) {
        place = pod.plainConnections.take()
        guard place != nil else {
            return fail(.exhausted("connections of this pod without a tunnel"), .upstream, .mesh)
        }
        do throws(Errno) {
            let socket = try pod.dial(address)
            connector = try Connector(
                socket, on: worker.reactor, timeoutMilliseconds: worker.settings.connectTimeoutMilliseconds
            ) { [unowned self] result in
                self.connector = nil
                switch consume result {
                case .connected(let connected): self.relay(connected)
                case .failed(let failure): self.fail(.connect(failure), .upstream, .upstream)
                }
            }
        } catch {
            fail(.connect(error), .upstream, .mesh)
        }
    }

    private func relay(_ connected: consuming Connector.Connected) {
        guard let taken = client.handOver() else { return }
        established()
        let (clientToken, upstreamToken) = (taken.token, connected.token)
        relay = Relay(
            client: taken.takeSocket(), clientToken, upstream: connected.takeSocket(), upstreamToken,
            on: worker.reactor, worker.pipes, pod.pipePlaces
        ) { [unowned self] result in self.relayed(result) }
    }

    private func relayed(_ result: Relay.Result) {
        record?.facts.note((up: result.bytesUp, down: result.bytesDown))
        finish(ConnectionFailure(relayed: result.ending))
    }

    // MARK: Tunnelled

    private func tunnel(to address: SocketAddress, _ authority: ConnectAuthority, _ expected: [SPIFFEIdentity]) {
        record?.stage = .tunnel
        record?.facts.authority = authority
        guard let context = pod.context(.client) else { return waitForArrival() }
        record?.facts.sourceIdentity = context.identity
        let key = TunnelKey(source: context.identity, destination: address, expected: expected)
        ticket = pod.pool.tunnel(key, as: context, isFresh: isSecondAttempt) { [unowned self] result in
            self.ticket = nil
            switch result {
            case .success(let tunnel): self.open(authority, on: tunnel)
            case .failure(let failure): self.fail(tunnel: failure)
            }
        }
    }

    private func open(_ authority: ConnectAuthority, on tunnel: Tunnel) {
        guard record != nil, let stream = tunnel.connect(request(authority), observer: self) else {
            pod.pool.unused(tunnel)
            return fail(.tunnelLost, .tunnel, .upstream)
        }
        record?.facts.destinationIdentity = tunnel.peer?.identity
        record?.facts.security = ConnectionFacts.Security(version: "TLSv1.3", cipher: tunnel.cipherSuite)
        self.stream = stream
        answerTimer = worker.reactor.after(milliseconds: worker.settings.answerTimeoutMilliseconds) { [unowned self] in
            self.answerTimedOut()
        }
    }

    private func answerTimedOut() {
        let stream = stream
        self.stream = nil
        fail(.connect(.timedOut), .tunnel, .upstream)
        stream?.cancel()
    }

    private func stopAnswerTimer() {
        if let answerTimer { worker.reactor.cancel(answerTimer) }
        answerTimer = nil
    }

    private func request(_ authority: ConnectAuthority) -> ConnectRequest {
        var request = ConnectRequest(authority: authority.description)
        request.baggage = pod.baggage
        request.forwarded = ForwardedHeader(client: source, host: upstream?.service?.service.hostname).description
        request.traceparent = Traceparent.random(&worker.random).description
        return request
    }

    func streamEstablished(_ response: ConnectResponse) {
        stopAnswerTimer()
        guard let taken = client.handOver(), let stream else { return }
        established()
        let (token, readiness) = (taken.token, taken.readiness)
        stream.join(taken.takeSocket(), token, readiness)
    }

    func streamEnded(_ ending: TunnelStream.Ending) {
        stopAnswerTimer()
        guard let stream else { return }
        self.stream = nil
        noteBytes(stream)
        // Nothing has been sent before the peer's 200, so a tunnel that broke may be replaced once.
        if record?.isEstablished == false, ending == .unprocessed || ending == .tunnelLost { return tryAgain() }
        finish(ConnectionFailure(outbound: ending))
    }

    private func tryAgain() {
        guard !isSecondAttempt else {
            return finish(ConnectionFailure(.tunnelLost, at: .tunnel, by: .upstream))
        }
        isSecondAttempt = true
        // The configuration may be another by now.
        begin()
    }

    // MARK: Ending

    private func established() {
        record?.stage = .relay
        if record != nil { worker.opened(record!) }
    }

    private func clientLeft() {
        let stream = stream
        self.stream = nil
        finish(ConnectionFailure(.reset, at: record?.stage ?? .accept, by: .downstream))
        stream?.cancel()
    }

    private func fail(tunnel failure: TunnelFailure) {
        switch failure {
        case .tls(let failure): fail(.tls(failure), .tunnel, .upstream)
        case .socket(let failure): fail(.connect(failure), .tunnel, .upstream)
        case .protocolViolation(let reason): fail(.http2(reason), .tunnel, .upstream)
        case .misconduct(let offence): fail(.misconduct(offence), .tunnel, .upstream)
        case .peerClosed, .unresponsive: fail(.tunnelLost, .tunnel, .upstream)
        }
    }

    private func fail(
        _ cause: ConnectionFailure.Cause, _ stage: ConnectionFailure.Stage, _ side: ConnectionFailure.Side
    ) {
        finish(ConnectionFailure(cause, at: stage, by: side))
    }

    /// Ends the connection once, whatever it was doing.
    private func finish(_ failure: ConnectionFailure?) {
        guard let record = record.take() else { return }
        stopWaiting()
        stopAnswerTimer()
        connector?.cancel()
        ticket?.cancel()
        place = nil
        client.refuse()
        pod.finish(record, failure)
        pod.letGo(self)
    }

    func cancel(_ cause: ConnectionFailure.Cause) {
        let failure = ConnectionFailure(cause, at: record?.stage ?? .relay, by: .mesh)
        noteBytes()
        let (stream, relay) = (stream, relay)
        self.stream = nil
        finish(failure)
        stream?.cancel()
        relay?.cancel()
    }

    private func noteBytes() {
        if let relay { record?.facts.note(relay.bytesSoFar) }
        if let stream { noteBytes(stream) }
    }

    private func noteBytes(_ stream: TunnelStream) {
        record?.facts.note((up: stream.bytesIntoTunnel, down: stream.bytesOutOfTunnel))
    }

    func countBytes() {
        noteBytes()
        if record?.isEstablished == true { worker.progressed(&record!) }
    }

    var acceptedBy: ConnectionFacts.Direction? { .outbound }

    /// Policy is the destination's to enforce. But a plain connection to what has just become known as part of the mesh, and
    /// that is still on its way, is made anew, through a tunnel.
    func configurationChanged(_ snapshot: Snapshot) {
        guard let connector, let upstream,
            let workload = snapshot.workload(at: upstream.address.ip, network: worker.settings.network),
            workload.workload.tunnelProtocol == .hbone
        else { return }
        connector.cancel()
        self.connector = nil
        place = nil
        begin()
    }

    var description: OpenConnection? {
        guard let destination else { return nil }
        return OpenConnection(
            direction: .outbound, source: source, originalDestination: destination,
            actualDestination: upstream?.address, isTunnelled: stream != nil)
    }
}

extension ConnectionFailure {
    /// How an outbound stream's end is told; nil for a good one.
    package init?(outbound ending: TunnelStream.Ending) {
        switch ending {
        case .complete: return nil
        case .resetByApplication: self.init(.reset, at: .relay, by: .downstream)
        case .resetByPeer: self.init(.reset, at: .relay, by: .upstream)
        case .refused(let response): self.init(.status(response.status), at: .tunnel, by: .upstream)
        case .unprocessed, .tunnelLost: self.init(.tunnelLost, at: .tunnel, by: .upstream)
        case .stalled: self.init(.socket(.timedOut), at: .relay, by: .downstream)
        case .exhausted: self.init(.exhausted(Self.untaken), at: .relay, by: .mesh)
        case .cancelled: self.init(.draining, at: .relay, by: .mesh)
        }
    }

    private static let untaken = "bytes that the application left untaken"

    /// How an inbound stream's end is told: its application is the server.
    package init?(inbound ending: TunnelStream.Ending) {
        switch ending {
        case .complete: return nil
        case .resetByApplication: self.init(.reset, at: .relay, by: .upstream)
        case .resetByPeer: self.init(.reset, at: .relay, by: .downstream)
        case .unprocessed, .tunnelLost, .refused: self.init(.tunnelLost, at: .tunnel, by: .downstream)
        case .stalled: self.init(.socket(.timedOut), at: .relay, by: .upstream)
        case .exhausted: self.init(.exhausted(Self.untaken), at: .relay, by: .mesh)
        case .cancelled: self.init(.draining, at: .relay, by: .mesh)
        }
    }

    init?(relayed ending: Relay.Ending) {
        switch ending {
        case .complete: return nil
        case .reset(by: .client): self.init(.reset, at: .relay, by: .downstream)
        case .reset(by: .upstream): self.init(.reset, at: .relay, by: .upstream)
        case .cancelled: self.init(.draining, at: .relay, by: .mesh)
        }
    }
}
