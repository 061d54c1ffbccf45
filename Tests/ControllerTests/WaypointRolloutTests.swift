import Controller
import Mesh
import Testing

/// A waypoint is bound, changed and unbound: every order in which proxies learn of it and connections are on their way.
struct WaypointRolloutTests {
    @Test(arguments: [WaypointRoute.straight, .a, .b, .both])
    func `in every order of events nobody is refused who goes the way that he was told, and nobody gets around`(
        from start: WaypointRoute
    ) {
        var seen: Set<LittleMesh> = []
        var open = [LittleMesh(start)]
        while let mesh = open.popLast() {
            for next in mesh.successors where seen.insert(next).inserted {
                if let fault = next.fault {
                    Issue.record("\(fault): \(next)")
                    return
                }
                open.append(next)
            }
        }
        // A wish that comes at any moment is met in the end.
        #expect(seen.contains { $0.rollout.stage == .settled && $0.wishes == LittleMesh.wishLimit && $0.isInForce })
        #expect(seen.count > 1_000)
    }

    @Test(arguments: [WaypointRoute.straight, .a], [WaypointRoute.b, .both])
    func `when all have acknowledged all, what is wanted is in force in five steps`(
        from start: WaypointRoute, to end: WaypointRoute
    ) {
        var rollout = WaypointRollout(settled: start)
        rollout.want(end)
        var stages = [rollout.stage]
        while rollout.stage != .settled {
            rollout.goOn()
            stages.append(rollout.stage)
        }
        #expect(stages == [.preparing, .routing, .lingering, .closing, .settled])
        #expect(rollout.route == end && rollout.isClosed && rollout.accounts == Set(end.gates.flatMap(\.accounts)))
    }

    @Test func `a wish that is taken back before anybody was sent its way is forgotten at once`() {
        var rollout = WaypointRollout(settled: .a)
        rollout.want(.b)
        #expect(!rollout.gates.filter { $0.gateway.name == "b" }.isEmpty)
        rollout.want(.a)
        #expect(rollout.stage == .closing && rollout.gates == WaypointRoute.a.gates && rollout.isClosed)
    }

    @Test func `a new service sends nobody straight, and closes its endpoints only after all have heard of it`() {
        var rollout = WaypointRollout(new: .a)
        #expect(rollout.route == .a && rollout.isGuarded && !rollout.isClosed)
        for _ in 0..<2 { rollout.goOn() }
        #expect(rollout.stage == .closing && rollout.isClosed)
        #expect(WaypointRollout(new: .straight).stage == .settled)
    }

    @Test func `endpoints stay open to a waypoint of which nobody knows whom it runs as`() {
        let unknown = WaypointRoute(gates: [.init(gateway: .init("x/y")!, address: .init("x"), accounts: [])])
        let rollout = WaypointRollout(settled: unknown)
        #expect(!rollout.isClosed && !rollout.isGuarded && rollout.route == unknown)
    }
}

extension GatewayAddress {
    fileprivate init(_ name: String) {
        self.init(destination: .hostname(NamespacedName(namespace: "shop", name: name)))
    }
}

extension WaypointRoute {
    fileprivate static let a = WaypointRoute(gates: [gate("a")])
    fileprivate static let b = WaypointRoute(gates: [gate("b")])
    fileprivate static let both = WaypointRoute(
        gates: [gate("a"), gate("b")],
        shares: [
            .init(destination: GatewayAddress("a"), weight: 70), .init(destination: GatewayAddress("b"), weight: 30),
        ])

    private static func gate(_ name: String) -> Gate {
        let key = NamespacedName(namespace: "shop", name: name)
        return Gate(gateway: key, address: GatewayAddress(name), accounts: [key])
    }

    /// The ways that a connection may take by it: the names of waypoints, or none.
    fileprivate var ways: [String?] { isStraight ? [nil] : gates.map(\.gateway.name) }
}

/// A source, an endpoint and two waypoints, what each knows, and a connection on its way.
private struct LittleMesh: Hashable, CustomStringConvertible {
    static let wishLimit = 2
    private static let wishes: [WaypointRoute] = [.straight, .a, .b, .both]

    /// What proxies are told by one step.
    struct Told: Hashable {
        var ways: [String?]
        var known: Set<String>
        /// Nil lets in everybody.
        var closedTo: Set<String>?

        init(_ rollout: WaypointRollout) {
            ways = rollout.route.ways
            known = Set(rollout.gates.map(\.gateway.name))
            closedTo = rollout.isClosed ? Set(rollout.accounts.map(\.name)) : nil
        }
    }

    enum Proxy: Int, CaseIterable { case source, endpoint, a, b }

    /// A connection: where it is, and the waypoint by which it goes.
    struct Call: Hashable {
        var way: String?
        var hasPassedWaypoint: Bool
    }

    var rollout: WaypointRollout
    var wishes = 0
    /// Those that somebody may still go by; the last is the newest.
    var told: [Told]
    /// Which of them each proxy has in force.
    var applied = [0, 0, 0, 0]
    var call: Call?
    var fault: String?

    init(_ start: WaypointRoute) {
        rollout = WaypointRollout(settled: start)
        told = [Told(rollout)]
    }

    var description: String { "\(rollout.stage) to \(rollout.wanted.ways), told \(told), applied \(applied)" }

    private func view(_ proxy: Proxy) -> Told { told[applied[proxy.rawValue]] }

    /// All that can happen next.
    var successors: [LittleMesh] {
        var next: [LittleMesh] = []
        if wishes < Self.wishLimit {
            next += Self.wishes.filter { $0 != rollout.wanted }.map { wish in
                after {
                    $0.wishes += 1
                    $0.rollout.want(wish)
                    $0.tell()
                }
            }
        }
        for proxy in Proxy.allCases {
            for version in told.indices.dropFirst(applied[proxy.rawValue] + 1) {
                next.append(after { $0.applied[proxy.rawValue] = version })
            }
        }
        if mayGoOn { next.append(after { $0.goOn() }) }
        if call == nil {
            for way in view(.source).ways { next.append(after { $0.call = Call(way: way, hasPassedWaypoint: false) }) }
        } else {
            next.append(after { $0.moveCall() })
        }
        return next
    }

    private func after(_ change: (inout LittleMesh) -> Void) -> LittleMesh {
        var next = self
        change(&next)
        next.forget()
        next.check()
        return next
    }

    /// An acknowledgement that takes its time is one after which the next step does.
    private var mayGoOn: Bool {
        guard rollout.stage != .settled else { return false }
        guard rollout.stage == .lingering else { return applied.allSatisfy { $0 == told.count - 1 } }
        return call.map { rollout.wanted.ways.contains($0.way) } ?? true
    }

    private mutating func goOn() {
        rollout.goOn()
        tell()
    }

    private mutating func tell() {
        let now = Told(rollout)
        if told.last != now { told.append(now) }
    }

    private mutating func forget() {
        let first = applied.min() ?? 0
        told.removeFirst(first)
        applied = applied.map { $0 - first }
    }

    private mutating func moveCall() {
        guard let call else { return }
        if let way = call.way, !call.hasPassedWaypoint {
            let proxy: Proxy = way == "a" ? .a : .b
            if !view(proxy).known.contains(way) { fault = "waypoint \(way) refuses what it was sent" }
            self.call?.hasPassedWaypoint = true
            return
        }
        let endpoint = view(.endpoint)
        if let way = call.way, !endpoint.known.contains(way) { fault = "the endpoint does not believe \(way)" }
        if let allowed = endpoint.closedTo, call.way.map({ !allowed.contains($0) }) ?? true {
            fault = "the endpoint refuses who came \(call.way ?? "straight")"
        }
        self.call = nil
    }

    /// Whether every proxy has exactly what is wanted.
    var isInForce: Bool {
        let wanted = Told(WaypointRollout(settled: rollout.wanted))
        return Proxy.allCases.allSatisfy { view($0) == wanted }
    }

    private mutating func check() {
        guard rollout.stage == .settled, fault == nil, !isInForce else { return }
        fault = "settled, and not in force"
    }
}
