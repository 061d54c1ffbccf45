import Mesh
import Reactor

/// A connection that arrives for a pod without a tunnel, and so without an identity:
/// accept → original destination → policy → application → relay → record.
final class PlaintextConnection: PodConnection {
    private let pod: PodProxy
    private let worker: Worker
    private let source: SocketAddress
    private let destination: SocketAddress?
    private var record: ConnectionRecord?
    private var client: AcceptedClient!
    private var admission: Admission?
    private var connector: Connector?
    private var dial: Places.Place?
    private var place: Places.Place?
    private var relay: Relay?

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
        record = ConnectionRecord(.inbound, client: source, nowNanoseconds: LinuxKernel.monotonicNanoseconds())
        pod.hold(self)
    }

    func begin() {
        record?.stage = .destination
        guard let destination else { return fail(.noOriginalDestination) }
        record?.facts.server = destination
        record?.facts.source = worker.snapshot?.workload(at: source.ip, network: worker.settings.network)
        record?.facts.destination = pod.workload
        // Who comes here without having been redirected would be carried in a circle.
        if MeshPort.isCapture(destination.port) { return fail(.inbound(.ownPort(destination.port))) }
        admit(to: destination)
    }

    private func admit(to destination: SocketAddress) {
        record?.stage = .policy
        let admission = Admission(
            attributes: ConnectionAttributes(source: source.ip, sourceIdentity: nil, destination: destination))
        switch admission.decide(pod) {
        case .success(let admitted):
            record?.facts.decision = admitted.decision
            self.admission = admission
            connect(to: destination)
        case .failure(let refusal):
            record?.facts.decision = refusal.decision
            record?.facts.policies = refusal.policies
            record?.facts.nearestRule = refusal.nearestRule
            fail(refusal.cause)
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

    private func connect(to address: SocketAddress) {
        record?.stage = .upstream
        place = pod.plainConnections.take()
        guard place != nil else { return fail(.exhausted("connections of this pod without a tunnel")) }
        dial = pod.dials.take()
        guard dial != nil else { return fail(.exhausted("connections that wait for this application")) }
        do throws(Errno) {
            let socket = try pod.dialApplication(address, as: source.ip)
            connector = try Connector(
                socket, on: worker.reactor, timeoutMilliseconds: worker.settings.connectTimeoutMilliseconds
            ) { [unowned self] result in
                self.connector = nil
                self.dial = nil
                switch consume result {
                case .connected(let connected): self.relay(connected)
                case .failed(let failure): self.fail(.connect(failure))
                }
            }
        } catch {
            fail(.connect(error))
        }
    }

    private func relay(_ connected: consuming Connector.Connected) {
        guard let taken = client.handOver() else { return }
        record?.stage = .relay
        if record != nil { worker.opened(record!) }
        let (clientToken, upstreamToken) = (taken.token, connected.token)
        relay = Relay(
            client: taken.takeSocket(), clientToken, upstream: connected.takeSocket(), upstreamToken,
            on: worker.reactor, worker.pipes, pod.pipePlaces
        ) { [unowned self] result in
            self.record?.facts.note((up: result.bytesUp, down: result.bytesDown))
            self.finish(ConnectionFailure(relayed: result.ending))
        }
    }

    // MARK: Ending

    private func clientLeft() { finish(ConnectionFailure(.reset, at: record?.stage ?? .accept, by: .downstream)) }

    private func fail(_ cause: ConnectionFailure.Cause) {
        let side: ConnectionFailure.Side = if case .connect = cause { .upstream } else { .downstream }
        finish(ConnectionFailure(cause, at: record?.stage ?? .policy, by: side))
    }

    private func finish(_ failure: ConnectionFailure?) {
        guard let record = record.take() else { return }
        connector?.cancel()
        dial = nil
        place = nil
        client.refuse()
        pod.finish(record, failure)
        pod.letGo(self)
    }

    func countBytes() {
        if let relay { record?.facts.note(relay.bytesSoFar) }
        if record?.isEstablished == true { worker.progressed(&record!) }
    }

    var acceptedBy: ConnectionFacts.Direction? { .inbound }

    func cancel(_ cause: ConnectionFailure.Cause) {
        if let relay { record?.facts.note(relay.bytesSoFar) }
        let relay = relay
        finish(ConnectionFailure(cause, at: record?.stage ?? .relay, by: .mesh))
        relay?.cancel()
    }

    var description: OpenConnection? {
        guard let destination else { return nil }
        return OpenConnection(
            direction: .inbound, source: source, originalDestination: destination, actualDestination: destination,
            isTunnelled: false)
    }
}
