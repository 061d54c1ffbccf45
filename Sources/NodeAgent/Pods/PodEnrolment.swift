import Discovery

/// How one pod comes into the mesh and leaves it, as a pure value: facts in, orders out.
///
/// The proxy is asked first and the rules are loaded once it has acknowledged: its sockets listen by then, so that no
/// connection of a running pod is refused in between. From then on the rules stay, whatever becomes of the proxy.
///
/// A pod that somebody may be calling comes in by two steps. What it opens is captured at once, and tunnels are taken;
/// what comes to it without one is captured a moment later, when other nodes have heard that it takes tunnels. Where
/// policy asks for them, the calls in between would be refused.
///
/// A pod leaves in two steps. First nothing new is captured, while connections that were go on and others' tunnels are
/// taken; when the last one has ended and others have had time to hear of it, or at a deadline, the proxy is told to forget
/// the pod, and everything is removed. A connection of the pod's own may have got another port on its way, since conntrack
/// remembered one of the proxy's with the same: the rules stay until it has ended, too.
struct PodEnrolment: Equatable {
    enum Order: Equatable {
        /// Give the pod to the proxy, or give it again. Answered by `acknowledged` or `refused`.
        case announce
        /// Take the pod from every proxy. Answered by `withdrawn`.
        case withdraw
        /// Load the rules and read them back. Answered by `captured` or `captureFailed`.
        case capture(Extent)
        /// Call `noticePassed` when other nodes have had time to hear that the pod takes tunnels.
        case giveNotice(milliseconds: UInt64)
        /// Capture nothing new. Answered by `drained` or `drainFailed`.
        case drain
        /// Count the connections that still need the rules. Answered by `counted`.
        case count(afterMilliseconds: UInt64)
        /// Call `deadlinePassed` when there has been enough time for connections to end.
        case startDeadline
        /// Call `retryIsDue` after a while.
        case retry
        /// Let conntrack forget what the proxy had, and count the connections that still need it to translate. Answered by
        /// `settled`.
        case settle(afterMilliseconds: UInt64)
        /// Remove everything from the pod. Not answered.
        case release
        case report(PodStatus.State, String)
        case warn(String)
        /// Nothing more is to be done for this pod.
        case forget
        /// Begin again with what the pod's file says now.
        case startOver
    }

    /// What of a pod's connections the rules lead to the proxy.
    enum Extent: Equatable {
        /// Those that the pod opens.
        case outgoing
        case all
    }

    enum Phase: Equatable {
        /// Not captured, or not surely: the proxy has not acknowledged yet.
        case waiting
        /// What the pod opens is captured and tunnels are taken; who calls without one still gets through.
        case joining
        /// The rules are in force.
        case enabled
        case draining
        /// The proxy is to forget it.
        case withdrawing
        /// The proxy has forgotten it; the last translated connections end.
        case settling
        case released
    }

    static let countIntervalMilliseconds: UInt64 = 200
    /// Other nodes hear from the control plane that a pod has come or left, a moment later. Until then they go on reaching it
    /// as they did.
    static let noticeMilliseconds: UInt64 = 2_000
    /// Connections that must be waited for are few by then, and most are short.
    private static let settlingLimit = 25

    private(set) var phase = Phase.waiting
    /// The pod's file is back while it is being released.
    private var isWantedAgain = false
    private var connectionsLeft = 0
    /// Whether all that was captured has ended, so that what is still translated is worth waiting for.
    private var hasDrained = false
    private var settlings = 0
    /// Something of ours may be in the pod, and connections that need it.
    private var mayHaveRules = false
    private var retryIsPlanned = false
    /// Notice is given once: nothing that goes wrong later opens the pod again.
    private var hasGivenNotice = false

    // MARK: Coming in

    /// What was in the pod's namespace when the agent first looked. Rules were loaded after an acknowledgement, by an agent before
    /// this one: those that are in order are left alone, those of another version are replaced.
    mutating func found(_ finding: PodNetwork.Finding) -> [Order] {
        precondition(phase == .waiting, "found in phase \(phase)")
        mayHaveRules = finding != .untouched
        switch finding {
        case .inOrder:
            phase = .enabled
            return [.report(.enabled, ""), .announce]
        case .differs(let how):
            phase = .enabled
            hasGivenNotice = true
            return [
                .report(.enabled, ""), .warn("other rules were found: \(how); loading those of this version"),
                .capture(.all), .announce,
            ]
        case .untouched, .draining: return [.report(.pending, "waiting for the node proxy"), .announce]
        }
    }

    /// Its namespace could not be looked into.
    mutating func notFound(_ reason: String) -> [Order] {
        [.report(.failed, reason)]
    }

    /// - Parameter mayBeCalled: whether the pod has anything that others may be calling.
    mutating func acknowledged(mayBeCalled: Bool) -> [Order] {
        guard phase == .waiting else { return [] }
        mayHaveRules = true
        return [.capture(mayBeCalled && !hasGivenNotice ? .outgoing : .all)]
    }

    mutating func refused(_ reason: String) -> [Order] {
        switch phase {
        case .waiting: [.report(.pending, "the node proxy refused: \(reason)")] + retry()
        case .joining, .enabled: [.warn("the node proxy refused: \(reason)")] + retry()
        case .draining, .withdrawing, .settling, .released: []
        }
    }

    mutating func captured(_ extent: Extent) -> [Order] {
        switch (phase, extent) {
        case (.waiting, .outgoing):
            phase = .joining
            return [
                .report(.joining, "callers are given time to learn that it takes tunnels"),
                .giveNotice(milliseconds: Self.noticeMilliseconds),
            ]
        case (.waiting, .all), (.joining, .all):
            phase = .enabled
            return [.report(.enabled, "")]
        case (.joining, .outgoing), (.enabled, _), (.draining, _), (.withdrawing, _), (.settling, _),
            (.released, _):
            return []
        }
    }

    mutating func noticePassed() -> [Order] {
        hasGivenNotice = true
        return phase == .joining ? [.capture(.all)] : []
    }

    mutating func captureFailed(_ reason: String) -> [Order] {
        guard isIn else { return [] }
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
        return isIn ? [.announce] : []
    }

    /// Wanted in the mesh, however far it has come.
    private var isIn: Bool { phase == .waiting || phase == .joining || phase == .enabled }

    // MARK: Being in

    /// What a later look found. Changes by somebody else are put right.
    mutating func inspected(_ finding: PodNetwork.Finding) -> [Order] {
        guard phase == .enabled else { return [] }
        return switch finding {
        case .inOrder: []
        case .untouched: [.warn("the rules were removed by somebody else; loading them again"), .capture(.all)]
        case .draining: [.warn("the rules capture nothing new any more; loading them again"), .capture(.all)]
        case .differs(let how):
            [.warn("the rules were changed by somebody else: \(how); loading them again"), .capture(.all)]
        }
    }

    /// The pod's file says something else now, about the same namespace.
    mutating func changed() -> [Order] {
        switch phase {
        case .waiting, .joining: [.announce]
        case .enabled: [.capture(.all), .announce]
        case .draining, .withdrawing, .settling, .released: []
        }
    }

    // MARK: Leaving

    /// The pod's file is gone. A pod whose namespace is gone as well has nobody left who could go on.
    mutating func removed(namespaceIsGone: Bool) -> [Order] {
        isWantedAgain = false
        switch phase {
        case .waiting where mayHaveRules && !namespaceIsGone, .joining where !namespaceIsGone,
            .enabled where !namespaceIsGone:
            phase = .draining
            return [.report(.releasing, ""), .drain]
        case .waiting, .joining, .enabled:
            phase = .withdrawing
            return [.report(.releasing, ""), .withdraw]
        case .draining, .withdrawing, .settling, .released: return []
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
        hasDrained = true
        return [.withdraw]
    }

    mutating func deadlinePassed() -> [Order] {
        guard phase == .draining else { return [] }
        phase = .withdrawing
        return [.warn("\(connectionsLeft) connections did not end in time and are cut"), .withdraw]
    }

    mutating func withdrawn() -> [Order] {
        guard phase == .withdrawing else { return [] }
        guard hasDrained else { return release() }
        phase = .settling
        return [.settle(afterMilliseconds: 0)]
    }

    mutating func settled(_ connections: Int) -> [Order] {
        guard phase == .settling else { return [] }
        guard connections > 0 else { return release() }
        settlings += 1
        guard settlings < Self.settlingLimit else {
            return [.warn("\(connections) translated connections did not end in time and are cut")] + release()
        }
        return [.settle(afterMilliseconds: Self.countIntervalMilliseconds)]
    }

    private mutating func release() -> [Order] {
        phase = .released
        return [.release, .report(.released, ""), isWantedAgain ? .startOver : .forget]
    }
}
