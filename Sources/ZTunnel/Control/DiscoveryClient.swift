package import Discovery
package import HBONE
package import Mesh
package import Reactor

/// Hears from the control plane what the mesh is, and says what of it is in force here. What was told stays in force while nobody
/// tells more. Owned by the control thread.
package final class DiscoveryClient: GRPCConnectionObserver, GRPCCallObserver {
    private static let method = "envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"

    private let reactor: Reactor
    private let log: Log
    private let door: ControlPlaneDoor
    private let configure: (Snapshot, _ inForce: @escaping () -> Void) -> Void
    private var state: DiscoveryState
    private var configuration = ConfigurationState()
    private var connection: GRPCConnection?
    private var call: GRPCCall?
    private var lastFailure: String?
    package private(set) var failures = FailureMetrics()
    package private(set) var metrics = DiscoveryMetrics()

    /// - Parameter configure: makes a snapshot the one that everything is carried by, and calls back when it is.
    package init(
        _ access: ControlPlaneAccess, as node: DiscoveryNode, on reactor: Reactor, _ scratch: TLSScratch, _ log: Log,
        configure: @escaping (Snapshot, _ inForce: @escaping () -> Void) -> Void
    ) throws(Errno) {
        self.reactor = reactor
        self.log = log
        self.configure = configure
        state = DiscoveryState(node)
        door = try ControlPlaneDoor(access, on: reactor, scratch)
    }

    package func start() {
        log.info(
            "xds", "nothing is admitted until the control plane has told all once", ["address": door.access.address])
        connect()
    }

    private func connect() {
        do throws(TLSFailure) {
            connection = try door.connect(self)
        } catch {
            lost("\(error)", .noCertificate)
        }
    }

    package func connectionOpened(_ connection: GRPCConnection) {
        call = connection.call(
            Self.method, metadata: door.access.metadata, messageLimitBytes: DiscoveryLimits.responseBytes,
            observer: self)
        guard call != nil else { return connection.close() }
        log.info("xds", "connected to the control plane", ["address": door.access.address])
        perform(state.opened(nowMilliseconds: now))
    }

    package func connectionClosed(_ connection: GRPCConnection, _ failure: GRPCFailure) {
        self.connection = nil
        call = nil
        lost(endReason ?? "\(failure)", .closed)
        endReason = nil
    }

    /// Why the call ended, which is why the connection does.
    private var endReason: String?

    package func callEnded(_ call: GRPCCall, _ status: GRPCStatus) {
        self.call = nil
        if endReason == nil { endReason = status.isOK ? "the control plane ended the stream" : "\(status)" }
        // Not on its own call's stack.
        _ = reactor.after(milliseconds: 0) { [weak self] in self?.connection?.close() }
    }

    package func call(_ call: GRPCCall, received message: [UInt8]) {
        metrics.messages += 1
        metrics.bytes += UInt64(message.count)
        perform(state.received(message))
    }

    private var now: UInt64 { reactor.nowNanoseconds / 1_000_000 }

    /// Once for each new reason.
    private func lost(_ reason: String, _ word: FailureReason) {
        metrics.terminations += 1
        failures.count(.xds, .upstream, word)
        if reason != lastFailure {
            let consequence =
                configuration.isComplete
                ? "what it told last stays in force" : "nothing is admitted until it has told all"
            log.warn("xds", "no control plane", ["error": reason, "consequence": consequence])
        }
        lastFailure = reason
        perform(state.ended(nowMilliseconds: now, jitter: .random(in: 0...1)))
    }

    private func perform(_ actions: [DiscoveryState.Action]) {
        for action in actions { perform(action) }
    }

    private func perform(_ action: DiscoveryState.Action) {
        switch action {
        case .send(let request): call?.send(request.encoded())
        case .apply(let update): apply(update)
        case .pause: call?.isPaused = true
        case .resume: call?.isPaused = false
        case .end(let reason):
            endReason = reason
            call?.cancel()
        case .connect(let delay):
            _ = reactor.after(milliseconds: delay) { [weak self] in self?.connect() }
        }
    }

    private func apply(_ update: DiscoveryState.Update) {
        lastFailure = nil
        let wasComplete = configuration.isComplete
        configuration.apply(
            ConfigurationState.Update(
                update.type.kind, resources: update.resources, removed: update.removed, rejected: update.rejected))
        for name in update.rejected.map(\.name) {
            metrics.rejections += 1
            failures.count(.xds, .upstream, .badRequest)
            log.warn("xds", "a resource was rejected", ["name": name, "type": update.type.rawValue])
        }
        // What nothing can be admitted by is in force as it is.
        guard let snapshot = configuration.snapshot else { return perform(state.inForce(through: update.ticket)) }
        if !wasComplete { log.info("xds", "the control plane has told all once") }
        configure(snapshot) { [weak self] in
            guard let self else { return }
            self.perform(self.state.inForce(through: update.ticket))
        }
    }

    package var isConnected: Bool { call != nil }
}

@available(*, unavailable)
extension DiscoveryClient: Sendable {}

/// What metrics tell of discovery.
package struct DiscoveryMetrics {
    package var messages: UInt64 = 0
    package var bytes: UInt64 = 0
    package var rejections: UInt64 = 0
    package var terminations: UInt64 = 0
}
