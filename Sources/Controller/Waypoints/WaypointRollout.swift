package import Mesh

/// How the way of connections to one service becomes another, so that nobody is refused who goes the way that he was told, and
/// nobody gets around a waypoint once it is in force.
///
/// Pure. Each step begins when all have acknowledged the one before:
/// 1. `preparing`: the waypoints, and the nodes of endpoints, learn of the waypoints to come; what refuses those who will come
///    another way is lifted.
/// 2. `routing`: sources learn the new way. Some may still go an old one.
/// 3. `lingering`: nobody begins to go an old one any longer; what has begun so gets a moment to end.
/// 4. `closing`: what is not on the new way is refused, and who is not is forgotten.
/// 5. `settled`: all have acknowledged that.
package struct WaypointRollout: Hashable, Sendable {
    package enum Stage: String, Hashable, Sendable { case preparing, routing, lingering, closing, settled }

    package private(set) var stage: Stage
    /// Where it is to go.
    package private(set) var wanted: WaypointRoute
    /// Ways that connections may be on; the last is the one that sources are told.
    private var routes: [WaypointRoute]

    /// What is in force already.
    package init(settled route: WaypointRoute) {
        stage = .settled
        wanted = route
        routes = [route]
    }

    /// A service that nobody knew: sources go the right way from the beginning, but for those who dial its endpoints themselves.
    package init(new route: WaypointRoute) {
        stage = route.isStraight ? .settled : .routing
        wanted = route
        routes = route.isStraight ? [route] : [.straight, route]
    }

    // MARK: What is told

    /// Where sources are told to go.
    package var route: WaypointRoute { routes[routes.count - 1] }

    /// All waypoints that may bring what is meant for the service.
    package var gates: [WaypointRoute.Gate] {
        var gates: [WaypointRoute.Gate] = []
        for gate in (routes.reversed() + [wanted]).flatMap(\.gates) where !gates.contains(gate) { gates.append(gate) }
        return gates
    }

    /// Whether only waypoints may reach the endpoints: nobody goes straight, and nobody will.
    package var isClosed: Bool { hasKnownAccounts && !wanted.isStraight && !routes.contains(where: \.isStraight) }

    /// Whether sources are to treat the endpoints as if it were closed: it soon will be, or was until now.
    package var isGuarded: Bool { hasKnownAccounts && !route.isStraight }

    /// Whom to let in. Empty where waypoints are of unknown accounts: nobody could be told from them.
    package var accounts: Set<NamespacedName> { Set(gates.flatMap(\.accounts)) }

    private var hasKnownAccounts: Bool { gates.allSatisfy { !$0.accounts.isEmpty } }

    // MARK: Events

    package mutating func want(_ route: WaypointRoute) {
        guard route != wanted else { return }
        wanted = route
        // Where nobody has been sent another way yet, there is nothing to prepare.
        stage = routes == [route] ? .closing : .preparing
    }

    /// The present step is over: all have acknowledged what is told, or what has begun to go an old way has had its moment.
    package mutating func goOn() {
        switch stage {
        case .preparing:
            routes.removeAll { $0 == wanted }
            routes.append(wanted)
            stage = .routing
        case .routing: stage = .lingering
        case .lingering:
            routes = [wanted]
            stage = .closing
        case .closing: stage = .settled
        case .settled: break
        }
    }
}
