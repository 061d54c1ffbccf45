package import HBONE
package import Mesh
import Reactor
package import ZTunnel

/// A connection on its way through a waypoint:
/// request → destination → endpoint → tunnel or plain connection → two streams joined → record.
package final class WaypointConnection: PodConnection {
    /// Where nothing better can be said to the client's proxy.
    private static let notFound = 404
    private static let unavailable = 503

    private let pod: PodProxy
    private let worker: Worker
    private let arrival: InboundArrival
    private var record: ConnectionRecord?
    private var destination: SocketAddress?
    private var upstream: Upstream?
    private var isSecondAttempt = false

    // What is going on at the moment; at most one of them.
    private var ticket: TunnelPool.Ticket?
    private var onward: OnwardStream?
    private var connector: Connector?
    private var answerTimer: Reactor.TimerID?
    /// While the endpoint has not answered.
    private var dial: Places.Place?

    private var arriving: TunnelStream { arrival.stream }

    package init(_ pod: PodProxy, _ arrival: InboundArrival) {
        self.pod = pod
        worker = pod.worker
        self.arrival = arrival
        record = arrival.record
        arrival.stream.observer = self
        pod.hold(self)
    }

    // MARK: Destination

    package func begin() {
        record?.stage = .destination
        record?.facts.source = worker.snapshot?.workload(at: arrival.source.ip, network: worker.settings.network)
        if let baggage = arrival.request.baggage { record?.facts.sourceBaggage = Baggage(baggage) }
        guard arrival.request.method == "CONNECT" else {
            return refuse(400, .badRequest("method \(arrival.request.method.prefix(32))"))
        }
        guard let authority = ConnectAuthority(arrival.request.authority) else {
            return refuse(400, .badRequest("authority cannot be read"))
        }
        record?.facts.authority = authority
        guard !pod.isFull else { return refuse(Self.unavailable, .exhausted("connections of this waypoint")) }
        dial = pod.dials.take()
        guard dial != nil else { return refuse(Self.unavailable, .exhausted("connections that wait for an endpoint")) }
        choose(authority)
    }

    private func choose(_ authority: ConnectAuthority) {
        guard let snapshot = worker.snapshot else { return refuse(Self.unavailable, .notReady) }
        guard let own = pod.workload else { return refuse(Self.unavailable, .unknownWorkload) }
        let network = worker.settings.network
        record?.stage = .destination
        let wanted: WaypointDestination
        do throws(WaypointRefusal) {
            wanted = try WaypointDestination(
                authority: authority, at: arrival.local.ip, waypoint: own, network: network, snapshot: snapshot)
        } catch {
            return refuse(Self.notFound, .badRequest(error.description))
        }
        record?.stage = .upstream
        let choice = UpstreamChoice(snapshot: snapshot, network: network, client: own, clientIP: arrival.local.ip)
        do throws(UpstreamFailure) {
            let upstream: Upstream
            switch wanted {
            case .service(let service, let address):
                destination = address
                record?.facts.service = service
                upstream = try choice.upstream(behindWaypointOf: service, for: address, random: &worker.random)
            case .workload(let workload, let address):
                destination = address
                upstream = try choice.upstream(behindWaypointOf: workload, for: address)
            }
            connect(upstream)
        } catch {
            refuse(Self.unavailable, .upstream(error))
        }
    }

    private func connect(_ upstream: Upstream) {
        self.upstream = upstream
        record?.facts.destination = upstream.workload
        record?.facts.destinationIdentity = upstream.workload?.identity
        switch upstream.transport {
        case .direct: connectPlainly(to: upstream.address)
        case .tunnel(let authority, let expected): tunnel(to: upstream.address, authority, expected)
        }
    }

    // MARK: Plain

    /// To an endpoint that is not in the mesh.
    private func connectPlainly(to address: SocketAddress) {
        do throws(Errno) {
            let socket = try pod.dial(address)
            connector = try Connector(
                socket, on: worker.reactor, timeoutMilliseconds: worker.settings.connectTimeoutMilliseconds
            ) { [unowned self] result in
                self.connector = nil
                switch consume result {
                case .connected(let connected): self.join(connected)
                case .failed(let failure): self.refuse(Self.unavailable, .connect(failure))
                }
            }
        } catch {
            refuse(Self.unavailable, .connect(error))
        }
    }

    private func join(_ connected: consuming Connector.Connected) {
        established()
        let (token, readiness) = (connected.token, connected.readiness)
        arriving.join(connected.takeSocket(), token, readiness)
        arriving.accept(baggage: nil)
    }

    // MARK: Tunnelled

    private func tunnel(to address: SocketAddress, _ authority: ConnectAuthority, _ expected: [SPIFFEIdentity]) {
        record?.stage = .tunnel
        guard let context = pod.context(.client) else {
            return refuse(Self.unavailable, .noCredential("none has been issued"))
        }
        let key = TunnelKey(source: context.identity, destination: address, expected: expected)
        ticket = pod.pool.tunnel(key, as: context, isFresh: isSecondAttempt) { [unowned self] result in
            self.ticket = nil
            switch result {
            case .success(let tunnel): self.open(authority, on: tunnel)
            case .failure(let failure): self.failed(failure)
            }
        }
    }

    private func failed(_ failure: TunnelFailure) {
        switch failure {
        case .tls(let failure): refuse(Self.unavailable, .tls(failure))
        case .socket(let failure): refuse(Self.unavailable, .connect(failure))
        case .protocolViolation(let reason): refuse(Self.unavailable, .http2(reason))
        case .misconduct(let offence): refuse(Self.unavailable, .misconduct(offence))
        case .peerClosed, .unresponsive: refuse(Self.unavailable, .tunnelLost)
        }
    }

    private func open(_ authority: ConnectAuthority, on tunnel: Tunnel) {
        let onward = OnwardStream(of: self)
        guard record != nil, let stream = tunnel.connect(request(authority), observer: onward) else {
            pod.pool.unused(tunnel)
            return refuse(Self.unavailable, .tunnelLost)
        }
        onward.stream = stream
        self.onward = onward
        record?.facts.destinationIdentity = tunnel.peer?.identity
        answerTimer = worker.reactor.after(milliseconds: worker.settings.answerTimeoutMilliseconds) { [unowned self] in
            self.answerTimer = nil
            self.refuse(Self.unavailable, .connect(.timedOut))
        }
    }

    /// Whom this is for, in the words that an endpoint's node believes from a waypoint of its own (docs/reference/waypoint.md).
    private func request(_ authority: ConnectAuthority) -> ConnectRequest {
        var request = ConnectRequest(authority: authority.description)
        request.baggage = arrival.request.baggage
        request.traceparent = arrival.request.traceparent
        request.forwarded =
            ForwardedHeader(
                client: arrival.source, host: record?.facts.service?.service.hostname, identity: arrival.peer
            ).description
        return request
    }

    fileprivate func established(_ response: ConnectResponse) {
        guard let stream = onward?.stream, record != nil else { return }
        established()
        TunnelStream.join(arriving, stream)
        arriving.accept(baggage: response.baggage)
    }

    private func established() {
        stopAnswerTimer()
        dial = nil
        record?.stage = .relay
        if record != nil { worker.opened(record!) }
    }

    fileprivate func onwardEnded(_ ending: TunnelStream.Ending) {
        onward = nil
        stopAnswerTimer()
        guard let isEstablished = record?.isEstablished, !isEstablished else { return finishJoined(ending) }
        switch ending {
        case .unprocessed where !isSecondAttempt, .tunnelLost where !isSecondAttempt: tryAgain()
        case .refused(let response): refuse(response.status == 401 ? 401 : Self.unavailable, .status(response.status))
        default: refuse(Self.unavailable, .tunnelLost)
        }
    }

    /// Nothing has been sent before the endpoint's 200, so another attempt sends nothing twice.
    private func tryAgain() {
        isSecondAttempt = true
        guard let authority = record?.facts.authority else { return }
        choose(authority)
    }

    private func stopAnswerTimer() {
        if let answerTimer { worker.reactor.cancel(answerTimer) }
        answerTimer = nil
    }

    // MARK: Ending

    /// The way onward broke under a connection; the client's stream follows, with the reset that it became.
    private func finishJoined(_ ending: TunnelStream.Ending) {
        guard ending != .complete, ending != .resetByApplication else { return }
        noteBytes()
        finish(ConnectionFailure(outbound: ending))
    }

    private func refuse(_ status: Int, _ cause: ConnectionFailure.Cause) {
        guard let stage = record?.stage else { return }
        let side: ConnectionFailure.Side = stage == .destination ? .downstream : .upstream
        finish(ConnectionFailure(cause, at: stage, by: side))
        arriving.refuse(status: status)
    }

    private func finish(_ failure: ConnectionFailure?) {
        guard let record = record.take() else { return }
        stopAnswerTimer()
        connector?.cancel()
        ticket?.cancel()
        dial = nil
        let onward = onward
        self.onward = nil
        if !record.isEstablished { onward?.stream?.cancel() }
        pod.finish(record, failure)
        pod.letGo(self)
    }

    package func cancel(_ cause: ConnectionFailure.Cause) {
        noteBytes()
        finish(ConnectionFailure(cause, at: record?.stage ?? .relay, by: .mesh))
        // The stream onward is its application and is reset with it.
        arriving.cancel()
    }

    /// What is open goes on; the pool ends what leads to an endpoint that is gone.
    package func configurationChanged(_ snapshot: Snapshot) {}

    private func noteBytes() { record?.facts.note((up: arriving.bytesOutOfTunnel, down: arriving.bytesIntoTunnel)) }

    package func countBytes() {
        noteBytes()
        if record?.isEstablished == true { worker.progressed(&record!) }
    }

    package var acceptedBy: ConnectionFacts.Direction? { nil }

    package var description: OpenConnection? {
        OpenConnection(
            direction: .inbound, source: arrival.source, originalDestination: destination ?? arrival.local,
            actualDestination: upstream?.address, isTunnelled: true)
    }
}

extension WaypointConnection: TunnelStreamObserver {
    /// A server's streams are established by `accept`.
    package func streamEstablished(_ response: ConnectResponse) {}

    package func streamEnded(_ ending: TunnelStream.Ending) {
        noteBytes()
        finish(ConnectionFailure(inbound: ending))
    }
}

/// The stream to the endpoint, told apart from the client's.
private final class OnwardStream: TunnelStreamObserver {
    private let connection: WaypointConnection
    var stream: TunnelStream?

    init(of connection: WaypointConnection) { self.connection = connection }

    func streamEstablished(_ response: ConnectResponse) { connection.established(response) }

    func streamEnded(_ ending: TunnelStream.Ending) {
        stream = nil
        connection.onwardEnded(ending)
    }
}

@available(*, unavailable)
extension WaypointConnection: Sendable {}
