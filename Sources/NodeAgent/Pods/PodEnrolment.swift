import Discovery

/// How one pod comes into the mesh and leaves it, as a pure value: facts in, orders out.
///
/// The proxy is asked first and the rules are loaded once it has acknowledged: its sockets listen by then, so that no
/// connection of a running pod is refused in between. From then on the rules stay, whatever becomes of the proxy.
///
/// A pod leaves in two steps. First nothing new is captured, while connections that were go on and others' tunnels are
/// taken; when the last one has ended and others have had time to hear of it, or at a deadline, the proxy is told to forget
/// the pod, and everything is removed.
struct PodEnrolment: Equatable {
    enum Order: Equatable {
        /// Give the pod to the proxy, or give it again. Answered by `acknowledged` or `refused`.
        case announce
        /// Take the pod from every proxy. Answered by `withdrawn`.
        case withdraw
        /// Load the rules and read them back. Answered by `captured` or `captureFailed`.
        case capture
        /// Capture nothing new. Answered by `drained` or `drainFailed`.
        case drain
        /// Count the connections that still need the rules. Answered by `counted`.
        case count(afterMilliseconds: UInt64)
        /// Call `deadlinePassed` when there has been enough time for connections to end.
        case startDeadline
        /// Call `retryIsDue` after a while.
        case retry
        /// Remove everything from the pod. Not answered.
        case release
        case report(PodStatus.State, String)
        case warn(String)
        /// Nothing more is to be done for this pod.
        case forget
        /// Begin again with what the pod's file says now.
        case startOver
    }

    enum Phase: Equatable {
        /// Not captured, or not surely: the proxy has not acknowledged yet.
        case waiting
        /// The rules are in force.
        case enabled
        case draining
        /// The proxy is to forget it.
        case withdrawing
        case released
    }

    static let countIntervalMilliseconds: UInt64 = 200
    /// Other nodes hear that a pod has left from the control plane, a moment later. Until then they reach it by tunnel.
    static let noticeMilliseconds: UInt64 = 2_000

    private(set) var phase = Phase.waiting
    /// The pod's file is back while it is being released.
    private var isWantedAgain = false
    private var connectionsLeft = 0
    /// Something of ours may be in the pod, and connections that need it.
    private var mayHaveRules = false
    private var retryIsPlanned = false

    // MARK: Coming in

    /// What was in the pod's namespace when the agent first looked. Rules that are in order were loaded after an
    /// acknowledgement, by an agent before this one: they are left alone.
    mutating func found(_ finding: PodNetwork.Finding) -> [Order] {
        precondition(phase == .waiting, "found in phase \(phase)")
        mayHaveRules = finding != .untouched
        guard finding == .inOrder else { return [.report(.pending, "waiting for the node proxy"), .announce] }
        phase = .enabled
        return [.report(.enabled, ""), .announce]
    }

    /// Its namespace could not be looked into.
    mutating func notFound(_ reason: String) -> [Order] {
        [.report(.failed, reason)]
    }

    mutating func acknowledged() -> [Order] {
        guard phase == .waiting else { return [] }
        mayHaveRules = true
        return [.capture]
    }

    mutating func refused(_ reason: String) -> [Order] {
        switch phase {
        case .waiting: [.report(.pending, "the node proxy refused: \(reason)")] + retry()
        case .enabled: [.warn("the node proxy refused: \(reason)")] + retry()
        case .draining, .withdrawing, .released: []
        }
    }

    mutating func captured() -> [Order] {
        guard phase == .waiting else { return [] }
        phase = .enabled
        return [.report(.enabled, "")]
    }

    mutating func captureFailed(_ reason: String) -> [Order] {
        guard phase == .waiting || phase == .enabled else { return [] }
        phase = .waiting
        return [.report(.failed, reason)] + retry()
    }

    /// One at a time, however many reasons there are.
    private mutating func retry() -> [Order] {
        defer { retryIsPlanned = true }
        return retryIsPlanned ? [] : [.retry]
    }

    mutating func retryIsDue() -> [Order] {
        retryIsPlanned = false
        return phase == .waiting || phase == .enabled ? [.announce] : []
    }

    // MARK: Being in

    /// What a later look found. Changes by somebody else are put right.
    mutating func inspected(_ finding: PodNetwork.Finding) -> [Order] {
        guard phase == .enabled else { return [] }
        return switch finding {
        case .inOrder: []
        case .untouched: [.warn("the rules were removed by somebody else; loading them again"), .capture]
        case .draining: [.warn("the rules capture nothing new any more; loading them again"), .capture]
        case .differs(let how):
            [.warn("the rules were changed by somebody else: \(how); loading them again"), .capture]
        }
    }

    /// The pod's file says something else now, about the same namespace.
    mutating func changed() -> [Order] {
        switch phase {
        case .waiting: [.announce]
        case .enabled: [.capture, .announce]
        case .draining, .withdrawing, .released: []
        }
    }

    // MARK: Leaving

    /// The pod's file is gone. A pod whose namespace is gone as well has nobody left who could go on.
    mutating func removed(namespaceIsGone: Bool) -> [Order] {
        isWantedAgain = false
        switch phase {
        case .waiting where mayHaveRules && !namespaceIsGone, .enabled where !namespaceIsGone:
            phase = .draining
            return [.report(.releasing, ""), .drain]
        case .waiting, .enabled:
            phase = .withdrawing
            return [.report(.releasing, ""), .withdraw]
        case .draining, .withdrawing, .released: return []
        }
    }

    /// The pod's file is back before its release has ended. Once begun, that is finished.
    mutating func returned() { isWantedAgain = true }

    mutating func drained() -> [Order] {
        phase == .draining ? [.startDeadline, .count(afterMilliseconds: Self.noticeMilliseconds)] : []
    }

    mutating func drainFailed(_ reason: String) -> [Order] {
        guard phase == .draining else { return [] }
        phase = .withdrawing
        return [.warn("cannot let connections end: \(reason)"), .withdraw]
    }

    mutating func counted(_ connections: Int) -> [Order] {
        guard phase == .draining else { return [] }
        connectionsLeft = connections
        guard connections == 0 else { return [.count(afterMilliseconds: Self.countIntervalMilliseconds)] }
        phase = .withdrawing
        return [.withdraw]
    }

    mutating func deadlinePassed() -> [Order] {
        guard phase == .draining else { return [] }
        phase = .withdrawing
        return [.warn("\(connectionsLeft) connections did not end in time and are cut"), .withdraw]
    }

    mutating func withdrawn() -> [Order] {
        guard phase == .withdrawing else { return [] }
        phase = .released
        return [.release, .report(.released, ""), isWantedAgain ? .startOver : .forget]
    }
}
