package import Mesh

/// Between what the model wants and what proxies are told: brings each service's waypoint into force in the order that
/// `WaypointRollout` keeps, and closes the ports of endpoints that must be reached through waypoints alone. Pure.
package struct WaypointOrder: Sendable {
    /// How far all are who must know of a step before the next one.
    package struct Progress: Sendable {
        /// What every node's proxy has acknowledged; it holds back all while a node's is not known.
        package var nodes: WorldVersion
        /// What every proxy of a waypoint has; none for a waypoint without any.
        package var waypoints: [NamespacedName: WorldVersion]

        package init(nodes: WorldVersion, waypoints: [NamespacedName: WorldVersion] = [:]) {
            self.nodes = nodes
            self.waypoints = waypoints
        }
    }

    private struct PolicyKey: Hashable {
        let namespace: String
        let guarding: WaypointGuard

        var name: NamespacedName { NamespacedName(namespace: namespace, name: guarding.name) }
    }

    private struct Step {
        /// The change with which it was told; nil until it has been.
        var since: WorldVersion?
        var lingersUntilMilliseconds: UInt64?
    }

    /// How long a connection that began on an old way may go on before it is refused.
    package static let lingerMilliseconds: UInt64 = 2_000

    private let settings: MeshSettings
    /// All that have been told.
    private var services: Set<NamespacedName> = []
    private var rollouts: [NamespacedName: WaypointRollout] = [:]
    /// Of those that are not settled.
    private var steps: [NamespacedName: Step] = [:]
    /// Those that were there at the start, and since when they are told: until all have acknowledged that, a proxy may say that
    /// they are not in force.
    private var assumed: [NamespacedName: Step] = [:]
    private var workloadsByService: [NamespacedName: Set<String>] = [:]
    private var servicesByWorkload: [String: Set<NamespacedName>] = [:]
    private var guardsByWorkload: [String: Set<PolicyKey>] = [:]
    private var guardCounts: [PolicyKey: Int] = [:]

    package init(settings: MeshSettings) { self.settings = settings }

    /// Whether something that is wanted is not in force yet.
    package var isUnderWay: Bool { !steps.isEmpty }

    /// Whether acknowledgements make a difference.
    package var awaitsAcknowledgements: Bool { !steps.isEmpty || !assumed.isEmpty }

    /// Whether a service's waypoint, or one of a namespace's services', is not in force yet as it is wanted.
    package func isUnderWay(_ reference: ObjectReference) -> Bool {
        switch reference.kind {
        case .service:
            let key = NamespacedName(namespace: reference.namespace, name: reference.name)
            return steps[NamespacedName(namespace: key.namespace, name: settings.hostname(ofService: key))] != nil
        case .namespace: return steps.keys.contains { $0.namespace == reference.name }
        default: return false
        }
    }

    /// When the next moment to linger ends.
    package var nextDeadlineMilliseconds: UInt64? { steps.values.compactMap(\.lingersUntilMilliseconds).min() }

    /// Nil for a service that goes straight.
    package func rollout(of service: NamespacedName) -> WaypointRollout? { rollouts[service] }

    /// What an endpoint is told beside its own policies: through which waypoints alone it is reached.
    package func guardPolicies(of uid: String) -> [AuthorizationPolicy] {
        (guardsByWorkload[uid] ?? []).map { $0.guarding.policy(in: $0.namespace, trustDomain: settings.trustDomain) }
            .sorted { $0.key.sortsBefore($1.key) }
    }
}

// MARK: - Events

extension WaypointOrder {
    /// Takes in what is wanted, and tells what data planes are to be told.
    ///
    /// - Parameter isFirst: whether this is all that there is at the start. Proxies may know it from an earlier controller, so what
    ///   is wanted is taken to be in force: nobody gets around a waypoint because its controller began anew.
    package mutating func take(
        _ changes: LiveTranslation.Changes, of targets: LiveTranslation, isFirst: Bool = false
    ) -> LiveTranslation.Changes {
        let touched = Set(changes.services.keys).union(changes.routes)
        for key in touched { want(key, targets, isFirst: isFirst) }
        for (uid, workload) in changes.workloads { index(uid, workload) }
        var told = changes
        tell(touched, Set(changes.workloads.keys), of: targets, &told)
        return told
    }

    /// What was told last became the world of this version.
    package mutating func published(at version: WorldVersion) {
        for (key, step) in steps where step.since == nil { steps[key]?.since = version }
        for (key, step) in assumed where step.since == nil { assumed[key]?.since = version }
    }

    /// Goes on with what everybody has acknowledged, or what has lingered long enough.
    ///
    /// - Returns: nil when nothing goes on.
    package mutating func advance(
        _ progress: Progress, nowMilliseconds: UInt64, of targets: LiveTranslation
    ) -> LiveTranslation.Changes? {
        assumed = assumed.filter { $0.value.since.map { $0 > progress.nodes } ?? true }
        let ready = steps.filter { isOver($0.key, $0.value, progress, nowMilliseconds) }.keys
        guard !ready.isEmpty else { return nil }
        for key in ready { goOn(key, nowMilliseconds) }
        var told = LiveTranslation.Changes()
        tell(Set(ready), [], of: targets, &told)
        return told
    }

    /// A node's proxy comes from an earlier controller and says which policies it has in force. One that has none of the guards of a
    /// waypoint that is taken to be in force says that it was not yet, and some sources may still go straight.
    ///
    /// - Parameter policies: by `namespace/name`; one that comes from nowhere has none.
    /// - Returns: nil when that changes nothing.
    package mutating func learn(
        held policies: [String: String], of targets: LiveTranslation
    ) -> LiveTranslation.Changes? {
        guard !policies.isEmpty else { return nil }
        let wrong = assumed.keys.filter { key in
            let names = guards(of: key, targets).map(\.name.description)
            return !names.isEmpty && names.allSatisfy { policies[$0] == nil }
        }
        guard !wrong.isEmpty else { return nil }
        for key in wrong {
            assumed[key] = nil
            rollouts[key] = WaypointRollout(new: targets.route(to: key))
            steps[key] = Step()
        }
        var told = LiveTranslation.Changes()
        tell(Set(wrong), [], of: targets, &told)
        return told
    }

    /// What keeps others from the endpoints of a service.
    private func guards(of key: NamespacedName, _ targets: LiveTranslation) -> Set<PolicyKey> {
        var guards: Set<PolicyKey> = []
        for uid in workloadsByService[key] ?? [] {
            let ports = targets.service(key)?.targets(by: targets.workload(uid)?.services[key] ?? [:]) ?? []
            guards.formUnion((guardsByWorkload[uid] ?? []).filter { ports.contains($0.guarding.port) })
        }
        return guards
    }

    private func isOver(_ key: NamespacedName, _ step: Step, _ progress: Progress, _ nowMilliseconds: UInt64) -> Bool {
        if let end = step.lingersUntilMilliseconds { return end <= nowMilliseconds }
        guard let rollout = rollouts[key], let since = step.since else { return false }
        return progress.nodes >= since
            && rollout.gates.allSatisfy { progress.waypoints[$0.gateway].map { $0 >= since } ?? true }
    }

    private mutating func goOn(_ key: NamespacedName, _ nowMilliseconds: UInt64) {
        rollouts[key]?.goOn()
        switch rollouts[key]?.stage {
        case .lingering: steps[key]?.lingersUntilMilliseconds = nowMilliseconds + Self.lingerMilliseconds
        case .preparing, .routing, .closing: steps[key] = Step()
        case .settled, nil:
            steps[key] = nil
            if rollouts[key]?.wanted.isStraight == true { rollouts[key] = nil }
        }
    }

    private mutating func want(_ key: NamespacedName, _ targets: LiveTranslation, isFirst: Bool) {
        let isKnown = services.contains(key)
        guard targets.service(key) != nil else {
            services.remove(key)
            (rollouts[key], steps[key], assumed[key]) = (nil, nil, nil)
            return
        }
        services.insert(key)
        let route = targets.route(to: key)
        let before = rollouts[key]
        if before == nil {
            guard !route.isStraight else { return }
            rollouts[key] = isKnown ? WaypointRollout(settled: .straight) : WaypointRollout(new: route)
            if isFirst {
                rollouts[key] = WaypointRollout(settled: route)
                assumed[key] = Step()
            }
        }
        rollouts[key]?.want(route)
        guard rollouts[key] != before else { return }
        steps[key] = rollouts[key]?.stage == .settled ? nil : Step()
    }

    private mutating func index(_ uid: String, _ workload: Workload?) {
        let (before, after) = (servicesByWorkload[uid] ?? [], Set(workload?.services.keys.map(\.self) ?? []))
        for key in before.subtracting(after) {
            workloadsByService[key]?.remove(uid)
            if workloadsByService[key]?.isEmpty == true { workloadsByService[key] = nil }
        }
        for key in after.subtracting(before) { workloadsByService[key, default: []].insert(uid) }
        servicesByWorkload[uid] = after.isEmpty ? nil : after
    }
}

// MARK: - What is told

extension WaypointOrder {
    /// - Parameters:
    ///   - touched: services that are to be told anew, with what it means for their endpoints.
    ///   - changed: workloads that are to be told anyway.
    private mutating func tell(
        _ touched: Set<NamespacedName>, _ changed: Set<String>, of targets: LiveTranslation,
        _ told: inout LiveTranslation.Changes
    ) {
        for key in touched { told.services.updateValue(targets.service(key).map { ordered($0) }, forKey: key) }
        guard !rollouts.isEmpty || !guardCounts.isEmpty else { return }
        for uid in touched.reduce(into: changed, { $0.formUnion(workloadsByService[$1] ?? []) }) {
            let workload = targets.workload(uid)
            let guards = workload.map { self.guards(of: $0, targets) } ?? []
            let before = guardsByWorkload[uid] ?? []
            guard guards != before || changed.contains(uid) else { continue }
            count(before, guards, &told)
            guardsByWorkload[uid] = guards.isEmpty ? nil : guards
            told.workloads.updateValue(workload.map { Self.guarded($0, by: guards) }, forKey: uid)
        }
    }

    /// A policy is there as long as a workload names it.
    private mutating func count(
        _ before: Set<PolicyKey>, _ after: Set<PolicyKey>, _ told: inout LiveTranslation.Changes
    ) {
        for key in after.subtracting(before) {
            if guardCounts[key] == nil {
                let policy = key.guarding.policy(in: key.namespace, trustDomain: settings.trustDomain)
                told.policies.updateValue(policy, forKey: policy.key)
            }
            guardCounts[key, default: 0] += 1
        }
        for key in before.subtracting(after) {
            guard let count = guardCounts[key] else { continue }
            guardCounts[key] = count > 1 ? count - 1 : nil
            if count == 1 { told.policies.updateValue(nil, forKey: key.name) }
        }
    }

    private func ordered(_ service: Service) -> Service {
        guard let rollout = rollouts[service.key] else { return service }
        var service = service
        let route = rollout.route
        service.waypoint = route.gates.first?.address
        service.weightedWaypoints = route.shares
        // Others that may bring something, and that nobody is sent to.
        let there = Set(service.gateways)
        service.weightedWaypoints += rollout.gates.map(\.address).filter { !there.contains($0) }.map {
            WeightedWaypoint(destination: $0, weight: 0)
        }
        return service
    }

    private static func guarded(_ workload: Workload, by guards: Set<PolicyKey>) -> Workload {
        guard !guards.isEmpty else { return workload }
        var workload = workload
        workload.authorizationPolicies = (workload.authorizationPolicies + guards.map(\.name)).sorted {
            $0.sortsBefore($1)
        }
        return workload
    }

    /// Of the ports behind virtual addresses; one that leads there without a waypoint leaves the port open.
    private func guards(of workload: Workload, _ targets: LiveTranslation) -> Set<PolicyKey> {
        guard workload.tunnelProtocol == .hbone, !workload.nativeTunnel,
            workload.services.keys.contains(where: { rollouts[$0] != nil })
        else { return [] }
        return Set(
            covers(of: workload, targets).compactMap { port, cover in
                guard cover.isGuarded else { return nil }
                let guarding = WaypointGuard(accounts: cover.accounts, port: port, isInForce: cover.isClosed)
                return PolicyKey(namespace: workload.namespace, guarding: guarding)
            })
    }

    /// What the services that lead to a port have in common.
    private struct Cover {
        var isGuarded = true
        var isClosed = true
        var accounts: Set<NamespacedName> = []

        mutating func add(_ rollout: WaypointRollout?) {
            isGuarded = isGuarded && rollout?.isGuarded ?? false
            isClosed = isClosed && rollout?.isClosed ?? false
            accounts.formUnion(rollout?.accounts ?? [])
        }
    }

    private func covers(of workload: Workload, _ targets: LiveTranslation) -> [UInt16: Cover] {
        var covers: [UInt16: Cover] = [:]
        for (key, ports) in workload.services {
            guard let service = targets.service(key), service.hasVirtualAddress else { continue }
            for port in service.targets(by: ports) { covers[port, default: Cover()].add(rollouts[key]) }
        }
        return covers
    }
}

// MARK: - Questions

extension WaypointOrder {
    /// The ports of a service's endpoints that can be reached past its waypoint, since other services without one lead there too.
    package func openPorts(of key: NamespacedName, in targets: LiveTranslation) -> [UInt16: Set<NamespacedName>] {
        var open: [UInt16: Set<NamespacedName>] = [:]
        for uid in workloadsByService[key] ?? [] {
            guard let workload = targets.workload(uid), let own = targets.service(key) else { continue }
            let ports = own.targets(by: workload.services[key] ?? [:])
            for (other, otherPorts) in workload.services where rollouts[other]?.isGuarded != true && other != key {
                guard let service = targets.service(other), service.hasVirtualAddress else { continue }
                for port in ports.intersection(service.targets(by: otherPorts)) {
                    open[port, default: []].insert(other)
                }
            }
        }
        return open
    }
}

extension WaypointOrder {
    /// What is to be told of a bound Service that leaves ports open: which, and because of whom; nil when there are none.
    package func gaps(of reference: ObjectReference, in targets: LiveTranslation) -> String? {
        guard reference.kind == .service else { return nil }
        let key = resourceKey(of: reference)
        guard rollouts[key] != nil else { return nil }
        let open = openPorts(of: key, in: targets).sorted { $0.key < $1.key }
        guard !open.isEmpty else { return nil }
        let ports = open.prefix(Self.toldGaps).map { port, others in
            "\(port), where \(others.sorted { $0.sortsBefore($1) }.first?.description ?? "") leads to as well"
        }
        return "endpoints can be reached past it on port \(ports.joined(separator: "; "))"
    }

    private static let toldGaps = 3

    /// Bound Services that share endpoints with a Service: what is told of them may be otherwise after it has changed.
    package func neighbours(of reference: ObjectReference, in targets: LiveTranslation) -> Set<ObjectReference> {
        guard reference.kind == .service, !rollouts.isEmpty else { return [] }
        let key = resourceKey(of: reference)
        let keys = (workloadsByService[key] ?? []).reduce(into: Set<NamespacedName>()) {
            $0.formUnion(servicesByWorkload[$1] ?? [])
        }
        return Set(
            keys.filter { rollouts[$0] != nil }.compactMap { targets.service($0) }.map {
                ObjectReference(kind: .service, namespace: $0.namespace, name: $0.name)
            })
    }

    private func resourceKey(of reference: ObjectReference) -> NamespacedName {
        settings.resourceKey(ofService: NamespacedName(namespace: reference.namespace, name: reference.name))
    }
}

extension Service {
    fileprivate var hasVirtualAddress: Bool { !addresses.isEmpty || !cidrAddresses.isEmpty }

    /// The ports of a workload, whose own map is `ports`, that it leads to.
    fileprivate func targets(by ports: [UInt16: UInt16]) -> Set<UInt16> {
        Set(
            self.ports.compactMap { number, port in
                let own = ports[number] ?? 0
                return own > 0 ? own : port.target
            }.filter { $0 > 0 })
    }
}
