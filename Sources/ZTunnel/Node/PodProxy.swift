package import HBONE
package import Mesh
package import Reactor

/// Something of a pod's that goes on for a while, and may have to end because of others.
package protocol PodConnection: AnyObject {
    /// The configuration is another; what it no longer allows ends now.
    func configurationChanged(_ snapshot: Snapshot)
    /// Ends now, as a reset.
    func cancel(_ cause: ConnectionFailure.Cause)
    /// Brings the metrics up to what has been carried so far.
    func countBytes()
    /// Whose socket a client's connection was accepted on; nil for a stream of a tunnel, which has none.
    var acceptedBy: ConnectionFacts.Direction? { get }
    var description: OpenConnection? { get }
}

/// One pod as one worker serves it: listeners in its namespace, its tunnels to others, its connections.
package final class PodProxy {
    private static let backlog: CInt = 1024

    let identity: PodIdentity
    package let worker: Worker
    private let namespace: NetworkNamespace
    /// Where applications' connections are captured.
    private var captures: [Listener] = []
    private var tunnelListener: Listener?
    private var isCapturePaused = false
    package private(set) var pool: TunnelPool!
    private var connections: [ObjectIdentifier: any PodConnection] = [:]
    private var tunnels: [ObjectIdentifier: InboundTunnel] = [:]
    /// Oldest first.
    private var unprovenTunnels: [InboundTunnel] = []
    private var failureLines = FailureLines()
    /// Of connections whose application has not answered yet.
    package let dials: Places
    /// Of connections without a tunnel, each of which is two sockets.
    let plainConnections: Places
    /// Of the pipes that they hold.
    let pipePlaces: Places
    let storage: StorageBudget
    private var arrivals: [ObjectIdentifier: any Awaiting] = [:]
    /// From the worker's snapshot.
    private var known: WorkloadEntry?
    private var told: (entry: WorkloadEntry, header: String)?
    private var isDraining = false
    private var deadline: Reactor.TimerID?

    init(_ identity: PodIdentity, _ namespace: NetworkNamespace, _ worker: Worker) {
        self.identity = identity
        self.namespace = namespace
        self.worker = worker
        let limits = worker.settings.podLimits
        dials = Places(limit: limits.dials)
        plainConnections = Places(limit: limits.plainConnections)
        pipePlaces = Places(limit: limits.pipes)
        storage = StorageBudget(limit: limits.storedBytes)
        pool = TunnelPool(
            on: worker.reactor, worker.scratch, settings: worker.settings.http2, limits: worker.settings.pool, storage
        ) { [unowned self] address throws(Errno) in try self.dial(address) }
    }

    // MARK: Listening

    func listen() throws(ListenFailure) {
        // Tunnels have pings of their own.
        tunnelListener = try listen(MeshPort.inboundHBONE, nil) { pod, socket in InboundTunnel.accept(pod, socket) }
        guard worker.settings.isCapturing else { return }
        let keepAlive = worker.settings.keepAlive
        captures = [
            try listen(MeshPort.outbound, keepAlive) { pod, socket in
                guard let connection = OutboundConnection(pod, socket) else { return pod.worker.lostAtAccept() }
                connection.begin()
            }
        ]
        captures.append(
            try listen(MeshPort.inboundPlaintext, keepAlive) { pod, socket in
                guard let connection = PlaintextConnection(pod, socket) else { return pod.worker.lostAtAccept() }
                connection.begin()
            })
    }

    private func listen(
        _ port: UInt16, _ keepAlive: Socket.KeepAlive?, _ accepted: @escaping (PodProxy, consuming Descriptor) -> Void
    ) throws(ListenFailure) -> Listener {
        do throws(Errno) {
            return try listener(on: port, keepAlive, accepted)
        } catch {
            throw ListenFailure(port: port, error)
        }
    }

    private func listener(
        on port: UInt16, _ keepAlive: Socket.KeepAlive?,
        _ accepted: @escaping (PodProxy, consuming Descriptor) -> Void
    ) throws(Errno) -> Listener {
        let options = Socket.Options(mark: worker.settings.mark, keepAlive: keepAlive)
        let family: IPAddress.Family = worker.settings.isIPv6Enabled ? .v6 : .v4
        let address = SocketAddress(.unspecified(family), port)
        let socket = try worker.namespaces.visit(namespace) { () throws(Errno) -> Descriptor in
            try Socket.listen(on: address, backlog: Self.backlog, options: options)
        }
        let worker = worker
        return try Listener(
            socket, on: worker.reactor, ceiling: worker.settings.descriptorReserve.acceptCeiling,
            exhausted: { failure in worker.acceptingPaused(failure) }
        ) { [unowned self] socket in accepted(self, socket) }
    }

    // MARK: Dialling

    /// A socket in the pod's namespace on its way to `address`, with the pod's own address.
    package func dial(_ address: SocketAddress) throws(Errno) -> Descriptor {
        try connect(to: address, Socket.Options(mark: worker.settings.mark, keepAlive: worker.settings.keepAlive))
    }

    /// A socket to the pod's application that shows it its client's own address.
    func dialApplication(_ address: SocketAddress, as client: IPAddress) throws(Errno) -> Descriptor {
        var options = Socket.Options(mark: worker.settings.mark, keepAlive: worker.settings.keepAlive)
        // A pod that calls itself keeps its address anyway.
        if client != address.ip, worker.settings.sourceAddress == .client {
            options.source = client
            options.isTransparent = true
            if let socket = try dialFromCallerPort(address, options) { return socket }
        }
        return try connect(to: address, options)
    }

    /// Nil when the kernel is to choose the port.
    private func dialFromCallerPort(
        _ address: SocketAddress, _ options: Socket.Options
    ) throws(Errno) -> Descriptor? {
        let now = worker.reactor.nowNanoseconds
        guard let port = worker.callerPorts.next(nowNanoseconds: now) else { return nil }
        var options = options
        options.sourcePort = port
        do throws(Errno) {
            return try connect(to: address, options)
        } catch {
            guard error == .addressInUse || error == .noSuchAddress else { throw error }
            worker.callerPorts.wasTaken(nowNanoseconds: now)
            return nil
        }
    }

    private func connect(to address: SocketAddress, _ options: Socket.Options) throws(Errno) -> Descriptor {
        try worker.namespaces.visit(namespace) { () throws(Errno) -> Descriptor in
            try Socket.connect(to: address, options: options)
        }
    }

    // MARK: Who it is

    /// What the configuration says of this pod; nil until it has arrived.
    package var workload: WorkloadEntry? {
        if let known { return known }
        known = worker.snapshot?.workload(ofPod: identity, clusterID: worker.settings.clusterID)
        return known
    }

    /// What this pod tells of itself to the proxies that it reaches.
    var baggage: String? {
        guard let workload else { return nil }
        if let told, told.entry === workload { return told.header }
        let header = Baggage(of: workload.workload).header
        told = (workload, header)
        return header
    }

    /// How this pod speaks TLS; nil until it has a certificate.
    package func context(_ role: TLSContext.Role) -> TLSContext? {
        worker.context(role, identity.spiffe(workload, trustDomain: worker.settings.trustDomain))
    }

    // MARK: Changes

    func configurationChanged(_ snapshot: Snapshot) {
        known = nil
        for connection in connections.values { connection.configurationChanged(snapshot) }
        let network = worker.settings.network
        pool.drop { key in
            guard let entry = snapshot.workload(at: key.destination.ip, network: network) else { return true }
            return !key.expected.contains(entry.identity)
        }
        // Who has left the mesh is still there: what is open goes on.
        pool.retire { key in
            snapshot.workload(at: key.destination.ip, network: network).map { !snapshot.takesTunnels($0) } ?? true
        }
        arrived()
    }

    /// This worker proves itself and judges others otherwise than before: no new stream goes on a tunnel that rests on a root
    /// which our certificate leads to no more, and those whose peer has been revoked are over.
    func trustChanged(_ revocations: Revocations) {
        pool.drop(revocations)
        for tunnel in tunnels.values { tunnel.closeIfRevoked(revocations) }
        pool.retire { self.worker.root(of: $0) }
        let own = identity.spiffe(workload, trustDomain: worker.settings.trustDomain)
        guard let root = worker.root(of: own) else { return }
        for tunnel in tunnels.values { tunnel.retire(notBelow: root) }
    }

    /// The roots that its tunnels rest on, at either end.
    var roots: Set<Fingerprint> { tunnels.values.reduce(into: pool.roots) { $0.formUnion($1.roots) } }

    /// Something has come that connections may have been waiting for.
    func arrived() {
        for waiting in arrivals.values { waiting.retry() }
    }

    func await(_ waiting: any Awaiting) { arrivals[ObjectIdentifier(waiting)] = waiting }
    func stopAwaiting(_ waiting: any Awaiting) { arrivals[ObjectIdentifier(waiting)] = nil }

    // MARK: Connections

    package func hold(_ connection: any PodConnection) {
        connections[ObjectIdentifier(connection)] = connection
        if !hasRoomForConnection { pauseCapture() }
    }

    package func letGo(_ connection: any PodConnection) {
        connections[ObjectIdentifier(connection)] = nil
        if isCapturePaused, hasRoomAgain { resumeCapture() }
        finishDraining()
    }

    /// Streams are refused as long as captured clients wait: the places that come free are for both.
    package var isFull: Bool { isCapturePaused }

    private var hasRoomForConnection: Bool {
        connections.count < worker.settings.podLimits.connections && plainConnections.hasRoom
    }

    private var hasRoomAgain: Bool {
        connections.count <= worker.settings.podLimits.connections / 8 * 7
            && plainConnections.taken <= plainConnections.limit / 8 * 7
    }

    private func pauseCapture() {
        guard !isCapturePaused else { return }
        isCapturePaused = true
        for capture in captures { capture.pause() }
        worker.log.warn(
            "proxy", "pod has as many connections as it may; more of them wait",
            ["pod": "\(identity.namespace)/\(identity.name)", "connections": "\(connections.count)"])
    }

    private func resumeCapture() {
        isCapturePaused = false
        for capture in captures { capture.resume() }
    }

    var hasRoomForTunnel: Bool { tunnels.count < worker.settings.podLimits.tunnels }

    func hold(_ tunnel: InboundTunnel) {
        tunnels[ObjectIdentifier(tunnel)] = tunnel
        unprovenTunnels.append(tunnel)
        // A good peer is done within milliseconds: strangers who keep us waiting must not keep it out.
        if unprovenTunnels.count > worker.settings.podLimits.unprovenTunnels { unprovenTunnels[0].makeRoom() }
    }

    func tunnelEstablished(_ tunnel: InboundTunnel) { unprovenTunnels.removeAll { $0 === tunnel } }

    func letGo(_ tunnel: InboundTunnel) {
        if !tunnel.isEstablished { tunnelEstablished(tunnel) }
        tunnels[ObjectIdentifier(tunnel)] = nil
        finishDraining()
    }

    // MARK: Records

    /// Where the story of each of this pod's connections ends.
    package func finish(_ record: consuming ConnectionRecord, _ failure: ConnectionFailure?) {
        let isTold = failure == nil || failureLines.admit(nowNanoseconds: worker.reactor.nowNanoseconds)
        if !isTold { tellOmissionsLater() }
        worker.finish(record, failure, isTold: isTold)
    }

    private func tellOmissionsLater() {
        guard failureLines.isFirstOmitted else { return }
        _ = worker.reactor.after(milliseconds: FailureLines.tellAfterMilliseconds) {
            self.worker.log.warn(
                "access", "lines of failed connections left out",
                [
                    "pod": "\(self.identity.namespace)/\(self.identity.name)",
                    "count": "\(self.failureLines.takeOmitted())",
                ])
        }
    }

    var openConnections: [OpenConnection] { connections.values.compactMap(\.description) }

    /// How many sockets clients are connected to: applications at our outbound door, others at the inbound ones.
    var openSockets: OpenSockets {
        var sockets = OpenSockets(source: 0, destination: tunnels.count)
        for connection in connections.values {
            switch connection.acceptedBy {
            case .outbound: sockets.source += 1
            case .inbound: sockets.destination += 1
            case nil: continue
            }
        }
        return sockets
    }

    func countBytes() {
        for connection in connections.values { connection.countBytes() }
    }

    // MARK: Ending

    func drain(deadlineMilliseconds: UInt64) {
        guard !isDraining else { return }
        isDraining = true
        closeListeners()
        for tunnel in tunnels.values { tunnel.drain() }
        deadline = worker.reactor.after(milliseconds: deadlineMilliseconds) { [weak self] in self?.close() }
        finishDraining()
    }

    /// Not at once: whoever let go is still on the stack, and may be a tunnel of the pool that ends with the pod.
    private func finishDraining() {
        guard isDraining, connections.isEmpty, tunnels.isEmpty else { return }
        _ = worker.reactor.after(milliseconds: 0) {
            if self.isDraining { self.close() }
        }
    }

    /// Ends everything now.
    func close() {
        closeListeners()
        if let deadline { worker.reactor.cancel(deadline) }
        deadline = nil
        isDraining = false
        for connection in connections.values { connection.cancel(.draining) }
        for tunnel in tunnels.values { tunnel.close() }
        pool.closeAll()
        worker.drained(self)
    }

    private func closeListeners() {
        for listener in captures { listener.close() }
        captures = []
        tunnelListener?.close()
        tunnelListener = nil
    }
}

/// A connection that waits for its pod's workload or certificate.
protocol Awaiting: AnyObject {
    func retry()
}
