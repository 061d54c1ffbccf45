import HBONE
import Mesh
import Reactor

/// A tunnel that another proxy opened to a pod; its streams are the connections.
final class InboundTunnel: TunnelObserver {
    private let pod: PodProxy
    private var tunnel: Tunnel?
    /// The root of the certificate that we have shown.
    private var root: Fingerprint?
    /// The address that the tunnel came from is the client's own: proxies dial from their pod's namespace.
    private let source: SocketAddress
    private let local: SocketAddress

    private init(_ pod: PodProxy, source: SocketAddress, local: SocketAddress) {
        self.pod = pod
        self.source = source
        self.local = local
    }

    /// Takes a connection on 15008. A pod without a certificate cannot answer, so its peer is turned away.
    static func accept(_ pod: PodProxy, _ socket: consuming Descriptor) {
        let worker = pod.worker
        guard let source = Socket.peer(of: socket.raw), let local = Socket.local(of: socket.raw) else {
            return worker.lostAtAccept()
        }
        let inbound = InboundTunnel(pod, source: source, local: local)
        guard pod.hasRoomForTunnel else {
            Socket.resetOnClose(socket.raw)
            return inbound.tell(ConnectionFailure(.exhausted("tunnels to this pod"), at: .accept, by: .mesh))
        }
        guard let context = pod.context(.server) else {
            Socket.resetOnClose(socket.raw)
            return inbound.tell(ConnectionFailure(.noCredential("none has been issued"), at: .tunnel, by: .mesh))
        }
        inbound.root = context.root
        do throws(TunnelFailure) {
            inbound.tunnel = try Tunnel(
                context, socket, on: worker.reactor, expecting: .trustDomain(context.identity.trustDomain),
                settings: worker.settings.http2, worker.scratch, pod.storage,
                observer: inbound)
            pod.hold(inbound)
        } catch {
            inbound.tell(ConnectionFailure(tunnel: error))
        }
    }

    private(set) var isEstablished = false
    /// Whether a request has come through it.
    private var hasCarried = false

    func tunnelEstablished(_ tunnel: Tunnel) {
        isEstablished = true
        pod.tunnelEstablished(self)
    }

    func tunnelLimitChanged(_ tunnel: Tunnel) {}
    func tunnelStreamClosed(_ tunnel: Tunnel) {}
    func tunnelDraining(_ tunnel: Tunnel) {}

    func tunnel(_ tunnel: Tunnel, received request: ConnectRequest, on stream: TunnelStream) {
        hasCarried = true
        guard let peer = tunnel.peer else { preconditionFailure("a request before its peer was proven") }
        guard WallClock.seconds() <= peer.validity.upperBound else {
            // Proven once, but not for ever (DESIGN §5.12).
            tell(ConnectionFailure(.tls(.untrustedChain("certificate has expired")), at: .tunnel, by: .downstream))
            stream.refuse(status: 401)
            return tunnel.drain()
        }
        let security = ConnectionFacts.Security(version: "TLSv1.3", cipher: tunnel.cipherSuite)
        pod.worker.settings.serve(
            pod,
            InboundArrival(
                request: request, stream: stream, source: source, local: local, peer: peer.identity, security: security
            ))
    }

    func tunnelClosed(_ tunnel: Tunnel, _ failure: TunnelFailure?) {
        pod.letGo(self)
        self.tunnel = nil
        guard let failure else { return }
        switch failure {
        // Its connections have told their ends; that the tunnel went with them is no news.
        case .peerClosed where hasCarried, .unresponsive where hasCarried, .socket where hasCarried: return
        case .peerClosed, .unresponsive, .socket, .tls, .protocolViolation, .misconduct:
            tell(ConnectionFailure(tunnel: failure))
        }
    }

    /// What failed before there was a connection to tell of.
    private func tell(_ failure: ConnectionFailure) {
        var record = ConnectionRecord(.inbound, client: source, nowNanoseconds: LinuxKernel.monotonicNanoseconds())
        record.stage = failure.stage
        record.facts.server = local
        record.facts.destination = pod.workload
        pod.finish(record, failure)
    }

    func drain() { tunnel?.drain() }
    func close() { tunnel?.close() }

    /// The roots that it rests on, at either end.
    var roots: [Fingerprint] { [root, tunnel?.peer?.root].compactMap { $0 } }

    /// Its peer makes a new one, when this one rests on another root than we do by now.
    func retire(notBelow current: Fingerprint) {
        if root != current { drain() }
    }

    func closeIfRevoked(_ revocations: Revocations) {
        guard let peer = tunnel?.peer, revocations.contains(anyOf: peer.links) else { return }
        tell(ConnectionFailure(.tls(.revoked(presented: "\(peer.identity)")), at: .tunnel, by: .downstream))
        close()
    }

    /// Others wait to prove who they are, and this one has taken longest.
    func makeRoom() {
        tell(ConnectionFailure(.exhausted("tunnels that have not proven who they are"), at: .tunnel, by: .downstream))
        close()
    }
}

/// A connection that arrives for a pod through a tunnel:
/// request → destination → policy → application → relay → record.
final class InboundConnection: PodConnection, TunnelStreamObserver {
    private let pod: PodProxy
    private let worker: Worker
    private let source: SocketAddress
    private let local: SocketAddress
    private let peer: SPIFFEIdentity
    private var record: ConnectionRecord?
    private var stream: TunnelStream?
    private var connector: Connector?
    private var dial: Places.Place?
    private var admission: Admission?
    private var application: SocketAddress?
    private var origin: Origin

    /// Whose connection it is: the peer's own, or that of a client of which a waypoint says so.
    private struct Origin {
        var client: SocketAddress
        var identity: SPIFFEIdentity
        var waypoint: SPIFFEIdentity?
    }

    init(_ pod: PodProxy, _ arrival: InboundArrival) {
        self.pod = pod
        worker = pod.worker
        source = arrival.source
        local = arrival.local
        peer = arrival.peer
        stream = arrival.stream
        origin = Origin(client: arrival.source, identity: arrival.peer)
        record = arrival.record
        arrival.stream.observer = self
        pod.hold(self)
    }

    // MARK: Destination

    func begin(_ request: ConnectRequest) {
        record?.stage = .destination
        note(request)
        guard request.method == "CONNECT" else {
            return refuse(400, .badRequest("method \(request.method.prefix(32))"))
        }
        guard let authority = ConnectAuthority(request.authority) else {
            return refuse(400, .badRequest("authority cannot be read"))
        }
        record?.facts.authority = authority
        guard !pod.isFull else { return refuse(503, .exhausted("connections of this pod")) }
        guard let snapshot = worker.snapshot else { return refuse(503, .notReady) }
        guard let workload = pod.workload else { return refuse(503, .unknownWorkload) }
        record?.facts.destination = workload
        record?.facts.destinationIdentity = workload.identity
        do throws(InboundRefusal) {
            let destination = try InboundDestination(
                authority: authority, localIP: local.ip, workload: workload, snapshot: snapshot)
            if let service = destination.service { record?.facts.service = service }
            believe(request, to: destination.address, workload, snapshot)
            admit(to: destination.address, snapshot)
        } catch {
            refuse(error.status, .inbound(error))
        }
    }

    /// What the client tells of itself is for telemetry only; its identity is the certificate's, its address the tunnel's.
    private func note(_ request: ConnectRequest) {
        let snapshot = worker.snapshot
        record?.facts.source = snapshot?.workload(at: source.ip, network: worker.settings.network)
        if let baggage = request.baggage { record?.facts.sourceBaggage = Baggage(baggage) }
        guard let forwarded = request.forwarded.flatMap({ ForwardedHeader($0) }) else { return }
        if let client = forwarded.client, client.ip == source.ip { record?.facts.client = client }
        if let host = forwarded.host {
            record?.facts.service = snapshot?.service(hostname: host, from: pod.identity.namespace)
        }
    }

    /// What a waypoint of this destination says of its client counts as if the client had come itself.
    private func believe(
        _ request: ConnectRequest, to application: SocketAddress, _ workload: WorkloadEntry, _ snapshot: Snapshot
    ) {
        guard let forwarded = request.forwarded.flatMap({ ForwardedHeader($0) }), let client = forwarded.client,
            let identity = forwarded.identity
        else { return }
        let network = worker.settings.network
        let peerIsWaypoint = snapshot.waypoint(
            at: source.ip, network: network, proving: peer, for: workload, port: application.port)
        guard peerIsWaypoint != nil else { return }
        origin = Origin(client: client, identity: identity, waypoint: peer)
        record?.facts.client = client
        record?.facts.sourceIdentity = identity
        record?.facts.source = snapshot.workload(at: client.ip, network: network)
    }

    // MARK: Policy

    private func admit(to application: SocketAddress, _ snapshot: Snapshot) {
        record?.stage = .policy
        let admission = Admission(
            attributes: ConnectionAttributes(
                source: origin.client.ip, sourceIdentity: origin.identity, destination: application,
                waypoint: origin.waypoint))
        switch admission.decide(pod) {
        case .success(let admitted):
            record?.facts.decision = admitted.decision
            self.admission = admission
            self.application = application
            connect(to: application)
        case .failure(let refusal):
            record?.facts.decision = refusal.decision
            record?.facts.policies = refusal.policies
            record?.facts.nearestRule = refusal.nearestRule
            refuse(401, refusal.cause)
        }
    }

    func configurationChanged(_ snapshot: Snapshot) {
        guard let admission else { return }
        if case .failure(let refusal) = admission.decide(pod) {
            record?.facts.decision = refusal.decision
            record?.facts.policies = refusal.policies
            cancel(refusal.afterwards)
        }
    }

    // MARK: Application

    private func connect(to address: SocketAddress) {
        record?.stage = .upstream
        dial = pod.dials.take()
        guard dial != nil else { return refuse(503, .exhausted("connections that wait for this application")) }
        do throws(Errno) {
            let socket = try pod.dialApplication(address, as: origin.client.ip)
            guard socket.raw < worker.settings.descriptorReserve.streamCeiling else {
                return refuse(503, .exhausted("descriptors in use"))
            }
            connector = try Connector(
                socket, on: worker.reactor, timeoutMilliseconds: worker.settings.connectTimeoutMilliseconds
            ) { [unowned self] result in
                self.connector = nil
                self.dial = nil
                switch consume result {
                case .connected(let connected): self.join(connected)
                case .failed(let failure): self.refuse(503, .connect(failure))
                }
            }
        } catch {
            refuse(503, .connect(error))
        }
    }

    private func join(_ connected: consuming Connector.Connected) {
        guard let stream else { return }
        record?.stage = .relay
        if record != nil { worker.opened(record!) }
        let (token, readiness) = (connected.token, connected.readiness)
        stream.join(connected.takeSocket(), token, readiness)
        stream.accept(baggage: worker.settings.isResponseBaggageSent ? pod.baggage : nil)
    }

    /// A server's streams are established by `accept`.
    func streamEstablished(_ response: ConnectResponse) {}

    func streamEnded(_ ending: TunnelStream.Ending) {
        guard let stream else { return }
        noteBytes(stream)
        finish(ConnectionFailure(inbound: ending))
    }

    private func noteBytes(_ stream: TunnelStream) {
        record?.facts.note((up: stream.bytesOutOfTunnel, down: stream.bytesIntoTunnel))
    }

    func countBytes() {
        if let stream { noteBytes(stream) }
        if record?.isEstablished == true { worker.progressed(&record!) }
    }

    var acceptedBy: ConnectionFacts.Direction? { nil }

    // MARK: Ending

    private func refuse(_ status: Int, _ cause: ConnectionFailure.Cause) {
        let side: ConnectionFailure.Side = if case .connect = cause { .upstream } else { .downstream }
        let stream = stream
        finish(ConnectionFailure(cause, at: record?.stage ?? .policy, by: side))
        stream?.refuse(status: status)
    }

    private func finish(_ failure: ConnectionFailure?) {
        guard let record = record.take() else { return }
        connector?.cancel()
        dial = nil
        stream = nil
        pod.finish(record, failure)
        pod.letGo(self)
    }

    func cancel(_ cause: ConnectionFailure.Cause) {
        let stream = stream
        if let stream { noteBytes(stream) }
        finish(ConnectionFailure(cause, at: record?.stage ?? .relay, by: .mesh))
        stream?.cancel()
    }

    var description: OpenConnection? {
        OpenConnection(
            direction: .inbound, source: source, originalDestination: local, actualDestination: application,
            isTunnelled: true)
    }
}

extension ConnectionFailure {
    fileprivate init(tunnel failure: TunnelFailure) {
        switch failure {
        case .tls(let failure): self.init(.tls(failure), at: .tunnel, by: .downstream)
        case .socket(let failure): self.init(.socket(failure), at: .tunnel, by: .downstream)
        case .protocolViolation(let reason): self.init(.http2(reason), at: .tunnel, by: .downstream)
        case .misconduct(let offence): self.init(.misconduct(offence), at: .tunnel, by: .downstream)
        case .peerClosed, .unresponsive: self.init(.tunnelLost, at: .tunnel, by: .downstream)
        }
    }
}
