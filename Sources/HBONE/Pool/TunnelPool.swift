import Glibc
package import Mesh
package import Reactor

/// Who opens a tunnel, where it leads, and who must be there.
package struct TunnelKey: Hashable, Sendable {
    package let source: SPIFFEIdentity
    package let destination: SocketAddress
    package let expected: [SPIFFEIdentity]

    package init(source: SPIFFEIdentity, destination: SocketAddress, expected: [SPIFFEIdentity]) {
        self.source = source
        self.destination = destination
        self.expected = expected
    }
}

/// One workload's tunnels to others, shared by its connections. Thread-confined.
package final class TunnelPool {
    package struct Limits: Hashable, Sendable {
        /// Streams per tunnel (`POOL_MAX_STREAMS_PER_CONNECTION`).
        package var streamsPerTunnel = 100
        /// How long a tunnel without streams is kept (`POOL_UNUSED_RELEASE_TIMEOUT`).
        package var idleMilliseconds: UInt64 = 300_000

        /// With so many tunnels those that are idle go at once: a pod may speak to thousands, one after the other.
        package var tunnels = 1_024

        package init() {}
    }

    /// How long a tunnel without streams is kept beside another one to the same place.
    private static let surplusSeconds: Int64 = 2

    /// An idle tunnel may outlive its time by this.
    private static let sweepMillisecondsMax: UInt64 = 30_000
    private static let connectTimeoutMilliseconds: UInt64 = 10_000

    /// A request for a stream's place. `cancel` it when its client goes before it is answered.
    package final class Ticket {
        fileprivate var answer: ((Result<Tunnel, TunnelFailure>) -> Void)?
        package func cancel() { answer = nil }
    }

    /// One tunnel from its first packet to its end.
    private final class Pooled: TunnelObserver {
        let id: UInt64
        let context: TLSContext
        /// Until the tunnel is lost, which every end leads to.
        let pool: TunnelPool
        var connector: Connector?
        var tunnel: Tunnel?
        var tickets: [Ticket] = []
        /// Those that it was made for are served first.
        var isDrainDue = false

        init(_ id: UInt64, _ context: TLSContext, _ pool: TunnelPool) {
            self.id = id
            self.context = context
            self.pool = pool
        }

        func tunnelEstablished(_ tunnel: Tunnel) { pool.opened(self, tunnel) }
        func tunnel(_ tunnel: Tunnel, received request: ConnectRequest, on stream: TunnelStream) {}
        func tunnelLimitChanged(_ tunnel: Tunnel) { pool.limitChanged(self, tunnel) }
        func tunnelStreamClosed(_ tunnel: Tunnel) { pool.released(id) }
        func tunnelDraining(_ tunnel: Tunnel) { pool.state.retired(id) }
        func tunnelClosed(_ tunnel: Tunnel, _ failure: TunnelFailure?) { pool.lost(self, failure ?? .peerClosed) }
    }

    private let reactor: Reactor
    private let scratch: TunnelScratch
    private let settings: HTTP2Settings
    private let dial: (SocketAddress) throws(Errno) -> Descriptor
    private let limits: Limits
    private let budget: StorageBudget
    private var state: TunnelPoolState<TunnelKey>
    private var tunnels: [UInt64: Pooled] = [:]
    private var sweep: Reactor.TimerID?
    private var surplusSweep: Reactor.TimerID?

    /// - Parameter dial: makes a socket that is on its way to an address, as `Socket.connect` does.
    package init(
        on reactor: Reactor, _ scratch: TunnelScratch, settings: HTTP2Settings, limits: Limits,
        _ budget: StorageBudget, dial: @escaping (SocketAddress) throws(Errno) -> Descriptor
    ) {
        self.reactor = reactor
        self.scratch = scratch
        self.settings = settings
        self.limits = limits
        self.budget = budget
        state = TunnelPoolState(streamLimit: limits.streamsPerTunnel)
        self.dial = dial
        scheduleSweep()
    }

    private var now: Int64 { Int64(time(nil)) }

    package var tunnelCount: Int { state.tunnelCount }

    /// Asks for a tunnel with room for one stream. The answer comes at once when there is one, else when it is open or has
    /// failed. Who gets a tunnel opens one stream on it, or calls `unused`.
    package func tunnel(
        _ key: TunnelKey, as context: TLSContext, isFresh: Bool = false,
        _ answer: @escaping (Result<Tunnel, TunnelFailure>) -> Void
    ) -> Ticket {
        let ticket = Ticket()
        switch state.request(
            key, isFresh: isFresh, now: now, retiresAt: context.validity.retirement(ofTunnelMadeAt: now))
        {
        case .use(let id):
            guard let tunnel = tunnels[id]?.tunnel else { preconditionFailure("an open tunnel without a tunnel") }
            answer(.success(tunnel))
        case .wait(let id):
            ticket.answer = answer
            tunnels[id]?.tickets.append(ticket)
        case .make(let id):
            ticket.answer = answer
            make(id, key, context, ticket)
        }
        return ticket
    }

    /// The place that was given is not needed after all.
    package func unused(_ tunnel: Tunnel) {
        guard let pooled = tunnels.values.first(where: { $0.tunnel === tunnel }) else { return }
        state.released(pooled.id, now: now)
    }

    /// Closes at once every tunnel to where `isGone` says that nobody is any more.
    package func drop(where isGone: (TunnelKey) -> Bool) {
        for id in state.ids(where: isGone) { close(id) }
    }

    /// No new streams on any tunnel; each closes with its last stream.
    package func drain() { retire { _ in true } }

    /// The same for those to where `isLeft` says that nobody is to be reached by tunnel any more.
    package func retire(where isLeft: (TunnelKey) -> Bool) {
        for id in state.ids(where: isLeft) { retire(id) }
    }

    /// The same for those whose own certificate leads to another root than `current` says for its identity.
    package func retire(notBelow current: (SPIFFEIdentity) -> Fingerprint?) {
        for (id, pooled) in tunnels {
            guard let root = current(pooled.context.identity), pooled.context.root != root else { continue }
            retire(id)
        }
    }

    private func retire(_ id: UInt64) {
        state.retired(id)
        guard let pooled = tunnels[id] else { return }
        if pooled.tickets.isEmpty { pooled.tunnel?.drain() } else { pooled.isDrainDue = true }
    }

    /// Closes at once every tunnel whose peer's certificate has been revoked.
    package func drop(_ revocations: Revocations) {
        for (id, pooled) in tunnels {
            if let peer = pooled.tunnel?.peer, revocations.contains(anyOf: peer.links) { close(id) }
        }
    }

    /// The roots that tunnels rest on, at either end.
    package var roots: Set<Fingerprint> {
        Set(tunnels.values.flatMap { [$0.context.root, $0.tunnel?.peer?.root].compactMap { $0 } })
    }

    package func closeAll() {
        for sweep in [sweep, surplusSweep] { if let sweep { reactor.cancel(sweep) } }
        drop { _ in true }
    }

    // MARK: Making

    private func make(_ id: UInt64, _ key: TunnelKey, _ context: TLSContext, _ ticket: Ticket) {
        if tunnels.count >= limits.tunnels { retireIdle(before: .max) }
        let pooled = Pooled(id, context, self)
        pooled.tickets = [ticket]
        tunnels[id] = pooled
        do throws(Errno) {
            let socket = try dial(key.destination)
            pooled.connector = try Connector(
                socket, on: reactor, timeoutMilliseconds: Self.connectTimeoutMilliseconds
            ) { [unowned self] result in
                pooled.connector = nil
                switch consume result {
                case .connected(let connected): self.secure(pooled, key, connected)
                case .failed(let failure): self.lost(pooled, .socket(failure))
                }
            }
        } catch {
            lost(pooled, .socket(error))
        }
    }

    private func secure(_ pooled: Pooled, _ key: TunnelKey, _ connected: consuming Connector.Connected) {
        let token = connected.token
        do throws(TunnelFailure) {
            pooled.tunnel = try Tunnel(
                pooled.context, connected.takeSocket(), token, on: reactor, expecting: .identities(key.expected),
                settings: settings, scratch, budget, observer: pooled)
        } catch {
            lost(pooled, error)
        }
    }

    private func limitChanged(_ pooled: Pooled, _ tunnel: Tunnel) {
        let retiresAt = tunnel.peer?.validity.retirement(ofTunnelMadeAt: now) ?? 0
        state.opened(pooled.id, peerLimit: tunnel.streamLimit, peerRetiresAt: retiresAt)
    }

    private func opened(_ pooled: Pooled, _ tunnel: Tunnel) {
        limitChanged(pooled, tunnel)
        let tickets = pooled.tickets
        pooled.tickets = []
        for ticket in tickets {
            guard let answer = ticket.answer else {
                state.released(pooled.id, now: now)
                continue
            }
            ticket.answer = nil
            answer(.success(tunnel))
        }
        if pooled.isDrainDue { tunnel.drain() }
    }

    // MARK: Ending

    private func lost(_ pooled: Pooled, _ failure: TunnelFailure) {
        state.lost(pooled.id)
        tunnels[pooled.id] = nil
        let tickets = pooled.tickets
        pooled.tickets = []
        for ticket in tickets {
            let answer = ticket.answer
            ticket.answer = nil
            answer?(.failure(failure))
        }
    }

    private func close(_ id: UInt64) {
        guard let pooled = tunnels[id] else { return }
        pooled.connector?.cancel()
        if let tunnel = pooled.tunnel { tunnel.close() } else { lost(pooled, .peerClosed) }
    }

    private func scheduleSweep() {
        let interval = min(Self.sweepMillisecondsMax, max(100, limits.idleMilliseconds))
        sweep = reactor.after(milliseconds: interval) { [weak self] in
            guard let self else { return }
            let idleSeconds = Int64(self.limits.idleMilliseconds / 1000)
            self.retireIdle(before: self.now - idleSeconds)
            self.scheduleSweep()
        }
    }

    private func released(_ id: UInt64) {
        state.released(id, now: now)
        if surplusSweep == nil, tunnels.count > 1 { sweepSurplusLater() }
    }

    private func sweepSurplusLater() {
        surplusSweep = reactor.after(milliseconds: UInt64(Self.surplusSeconds) * 1000) { [weak self] in
            guard let self else { return }
            self.surplusSweep = nil
            for id in self.state.surplus(before: self.now - Self.surplusSeconds + 1) { self.retire(id) }
            if self.state.hasSurplus { self.sweepSurplusLater() }
        }
    }

    private func retireIdle(before: Int64) {
        for id in state.idle(before: before, now: now) {
            state.retired(id)
            tunnels[id]?.tunnel?.drain()
        }
    }
}

@available(*, unavailable)
extension TunnelPool: Sendable {}
