package import Discovery

/// This proxy's side of the conversation with the node agent, which tells it of the node's pods (ZDS).
///
/// A pure value: it owns no socket and knows no clock. The caller reports what happened and performs the returned
/// actions in order. Invariant: requests are acknowledged in the order in which they came, each once.
package struct ZDSClientState {
    /// A network namespace, as the kernel tells namespaces apart.
    package struct NamespaceID: Hashable, Sendable {
        package let device: UInt64
        package let inode: UInt64

        package init(device: UInt64, inode: UInt64) {
            self.device = device
            self.inode = inode
        }
    }

    package enum Action: Hashable {
        case sendHello
        case acknowledge(error: String?)
        /// Serve this pod, in place of an earlier one of its uid; then call `started` with the same attempt.
        case start(uid: String, ZDSPod, attempt: UInt64)
        /// Take nothing new for this pod; call `drained` when its connections are over.
        case drain(uid: String)
        /// Call `drainOverdue` when the time is over in which a request must be acknowledged.
        case limitDrain(ticket: UInt64)
        case disconnect(reason: String)
        case connect(afterMilliseconds: UInt64)
    }

    /// How often pods that could not be served are tried again.
    package static let retryMilliseconds: UInt64 = 5000
    /// Agents give up on an answer after 5 s.
    package static let drainLimitMilliseconds: UInt64 = 4000
    private static let backOffMilliseconds: ClosedRange<UInt64> = 10...15_000
    /// More than a node has pods, and more than an agent sends before it waits for an answer.
    private static let podsMax = 4096
    private static let outstandingMax = 4096

    private struct Pod {
        enum Phase { case starting(attempt: UInt64), up, pending(String) }

        let pod: ZDSPod
        let namespace: NamespaceID
        var phase: Phase
        /// Named since the agent connected.
        var isMentioned = true
    }

    /// A request that has not been acknowledged.
    private struct Outstanding {
        enum Awaiting: Equatable { case nothing, start(attempt: UInt64), drain(uid: String) }

        let ticket: UInt64
        var awaiting: Awaiting
        var error: String?
    }

    private enum Connection { case down, up, synchronized }

    private var connection = Connection.down
    private var pods: [String: Pod] = [:]
    private var draining: Set<String> = []
    private var outstanding: [Outstanding] = []
    private var lastAttempt: UInt64 = 0
    private var lastTicket: UInt64 = 0
    private var backOff = backOffMilliseconds.lowerBound

    package init() {}

    /// Whether the agent has named all pods and each is served.
    package var isReady: Bool { connection == .synchronized && pendingReasons.isEmpty }

    /// Why it is not ready, by pod; empty when the agent has yet to connect or to name all pods.
    package var pendingReasons: [String] {
        pods.values.compactMap { pod in
            switch pod.phase {
            case .up: return nil
            case .starting: return "\(pod.pod.namespace)/\(pod.pod.name): starting"
            case .pending(let reason): return "\(pod.pod.namespace)/\(pod.pod.name): \(reason)"
            }
        }.sorted()
    }

    package var podCount: (served: Int, pending: Int) {
        let pending = pendingReasons.count
        return (pods.count - pending, pending)
    }
}

// MARK: - The connection

extension ZDSClientState {
    package mutating func connected() -> [Action] {
        connection = .up
        return [.sendHello]
    }

    /// The connection could not be made, or is gone. The pods are served on meanwhile.
    package mutating func disconnected() -> [Action] {
        connection = .down
        outstanding = []
        for uid in pods.keys { pods[uid]!.isMentioned = false }
        defer { backOff = min(backOff * 2, Self.backOffMilliseconds.upperBound) }
        return [.connect(afterMilliseconds: backOff)]
    }

    /// - Parameter namespace: what came beside the packet.
    package mutating func received(_ request: ZDSRequest, _ namespace: NamespaceID?) -> [Action] {
        guard connection != .down else { return [] }
        guard request.carriesNamespace == (namespace != nil) else {
            return [.disconnect(reason: "a network namespace comes with each add, and with nothing else")]
        }
        guard outstanding.count < Self.outstandingMax else { return [.disconnect(reason: "too many requests")] }
        backOff = Self.backOffMilliseconds.lowerBound
        switch request {
        case .add(let uid, let pod):
            guard let namespace else { return [] }
            return add(uid, pod, namespace)
        case .keep(let uid): return keep(uid)
        case .del(let uid): return remove(uid)
        case .snapshotSent: return synchronize()
        }
    }

    /// What came was no request.
    package mutating func receivedMalformed(_ reason: String) -> [Action] { [.disconnect(reason: reason)] }
}

// MARK: - Requests

extension ZDSClientState {
    private mutating func add(_ uid: String, _ pod: ZDSPod, _ namespace: NamespaceID) -> [Action] {
        if let present = pods[uid], present.pod == pod, present.namespace == namespace {
            pods[uid]!.isMentioned = true
            switch present.phase {
            case .up: return enqueue(.nothing)
            case .starting(let attempt): return enqueue(.start(attempt: attempt))
            case .pending: return start(uid, pod, namespace)
            }
        }
        guard pods[uid] != nil || pods.count < Self.podsMax else { return enqueue(.nothing, error: "too many pods") }
        // Whoever waited for its draining, or for an earlier pod of this uid, has changed their mind.
        if case .starting(let attempt)? = pods[uid]?.phase {
            resolve(.start(attempt: attempt), "another pod of this uid has come")
        }
        let superseded = drained(uid: uid)
        return superseded + start(uid, pod, namespace)
    }

    private mutating func start(_ uid: String, _ pod: ZDSPod, _ namespace: NamespaceID) -> [Action] {
        lastAttempt += 1
        pods[uid] = Pod(pod: pod, namespace: namespace, phase: .starting(attempt: lastAttempt))
        return enqueue(.start(attempt: lastAttempt)) + [.start(uid: uid, pod, attempt: lastAttempt)]
    }

    private mutating func keep(_ uid: String) -> [Action] {
        guard connection == .up else { return [.disconnect(reason: "keep after the snapshot")] }
        guard pods[uid] != nil else { return enqueue(.nothing, error: "pod is not known here") }
        pods[uid]!.isMentioned = true
        return enqueue(.nothing)
    }

    private mutating func remove(_ uid: String) -> [Action] {
        guard pods[uid] != nil || draining.contains(uid) else { return enqueue(.nothing) }
        let order = drainIfServed(uid)
        let queued = enqueue(.drain(uid: uid))
        return queued + order + [.limitDrain(ticket: lastTicket)]
    }

    private mutating func synchronize() -> [Action] {
        guard connection == .up else { return [.disconnect(reason: "a second snapshot")] }
        connection = .synchronized
        let gone = pods.filter { !$0.value.isMentioned }.keys.sorted()
        return gone.flatMap { drainIfServed($0) } + enqueue(.nothing)
    }

    private mutating func drainIfServed(_ uid: String) -> [Action] {
        guard let pod = pods.removeValue(forKey: uid) else { return [] }
        if case .starting(let attempt) = pod.phase { resolve(.start(attempt: attempt), "the pod was removed") }
        draining.insert(uid)
        return [.drain(uid: uid)]
    }
}

// MARK: - What became of them

extension ZDSClientState {
    /// - Parameter failure: why the pod cannot be served, or nil.
    package mutating func started(uid: String, attempt: UInt64, failure: String?) -> [Action] {
        guard let pod = pods[uid], case .starting(attempt) = pod.phase else { return [] }
        pods[uid]!.phase = failure.map { .pending($0) } ?? .up
        resolve(.start(attempt: attempt), failure)
        return flush()
    }

    package mutating func drained(uid: String) -> [Action] {
        draining.remove(uid)
        resolve(.drain(uid: uid), nil)
        return flush()
    }

    /// The agent gets an answer in time; when it asks again, the pod may be drained.
    package mutating func drainOverdue(ticket: UInt64) -> [Action] {
        guard let place = outstanding.firstIndex(where: { $0.ticket == ticket }),
            case .drain = outstanding[place].awaiting
        else { return [] }
        outstanding[place].awaiting = .nothing
        outstanding[place].error = "connections are still open"
        return flush()
    }

    /// Tries again to serve the pods that could not be served.
    package mutating func retry() -> [Action] {
        pods.keys.sorted().compactMap { uid in
            guard case .pending = pods[uid]!.phase else { return nil }
            lastAttempt += 1
            pods[uid]!.phase = .starting(attempt: lastAttempt)
            return .start(uid: uid, pods[uid]!.pod, attempt: lastAttempt)
        }
    }

    private mutating func enqueue(_ awaiting: Outstanding.Awaiting, error: String? = nil) -> [Action] {
        lastTicket += 1
        outstanding.append(Outstanding(ticket: lastTicket, awaiting: awaiting, error: error))
        return flush()
    }

    private mutating func resolve(_ awaited: Outstanding.Awaiting, _ error: String?) {
        for place in outstanding.indices where outstanding[place].awaiting == awaited {
            outstanding[place].awaiting = .nothing
            outstanding[place].error = error
        }
    }

    private mutating func flush() -> [Action] {
        let ready = outstanding.prefix { $0.awaiting == .nothing }
        outstanding.removeFirst(ready.count)
        return ready.map { .acknowledge(error: $0.error) }
    }
}
