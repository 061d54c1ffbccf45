package import Controller
package import Discovery
package import Mesh
package import Reactor

/// What the mesh is at this moment, and who has been told of it: takes in what the source reports, one change after the
/// other, and says what each proxy is to be sent next.
package actor Distribution {
    package struct SessionID: Hashable, Sendable {
        fileprivate let number: UInt64
    }

    private struct Session {
        var machine = ProxySession()
        let caller: Caller
        let wake: AsyncStream<Void>.Continuation
        let opened = ContinuousClock.now
        /// In milliseconds of the Unix epoch.
        let start: UInt64
        var proxy: ProxyState.ID?
        /// A node's proxy of which nothing proves yet where it runs: its pod may not have been read.
        var unproven: DiscoveryNode?
        /// Since when it owes an answer, or its first request.
        var silentSince: ContinuousClock.Instant? = .now
        var refusal: DiscoveryRefusal?
    }

    let settings: ControllerSettings
    private let log: Log
    private let metrics: ControllerMetrics

    private var translation: LiveTranslation
    /// Between the two: what is told of it already.
    private var order: WaypointOrder
    private var world = PublishedWorld()
    private var times = ChangeTimes()
    /// Proxies that have not acknowledged everything, and how far all had come together.
    private var behind: Set<SessionID> = []
    private var converged = WorldVersion.none
    private var ledger: EnforcementLedger
    private var places = PodPlaces()
    private var register: ProxyRegister
    private(set) var problems: [ManifestDiagnostic] = []
    /// Why the present text of an object cannot be read.
    private var unreadable: [ObjectReference: String] = [:]
    private var statuses = StatusBook()
    private var statusTick: AsyncStream<Void>.Continuation?
    /// Nothing is told before everything is known.
    package private(set) var isListed = false

    private var sessions: [SessionID: Session] = [:]
    private var initialPushes: InitialPushes<SessionID>
    private var sessionCount: UInt64 = 0
    private var encodings: [Push.Span: [UInt8]] = [:]
    private var watchers: [UInt64: AsyncStream<Void>.Continuation] = [:]
    private var watcherCount: UInt64 = 0
    private var awaitedDeadline: UInt64?
    /// What proxies have said that came before there was anything to tell them.
    private var heldBeforeListing: [[String: String]] = []

    package init(_ settings: ControllerSettings, _ metrics: ControllerMetrics, _ log: Log) {
        self.settings = settings
        self.metrics = metrics
        self.log = log
        translation = LiveTranslation(settings: settings.mesh)
        order = WaypointOrder(settings: settings.mesh)
        ledger = EnforcementLedger(settings: settings.mesh)
        register = ProxyRegister(memorySeconds: Int(settings.certificateLifetimeSeconds), start: .now)
        initialPushes = InitialPushes(limit: settings.initialPushLimit)
    }
}

// MARK: - From the source

extension Distribution {
    package func take(_ event: SourceEvent) {
        switch event {
        case .listed(let objects):
            let changes = translation.model.changes(to: objects)
            apply(changes, wholePolicies: !isListed)
            isListed = true
            for held in heldBeforeListing { learn(held: held) }
            heldBeforeListing = []
            log.info("world", "listed", ["objects": "\(objects.count)", "version": "\(world.version)"])
        case .changed(let changes): apply(changes, wholePolicies: false)
        case .problems(let problems): take(problems)
        }
        advanceOrder()
        metrics.record(world: world)
        introduceProven()
        wakeAll()
        tickStatuses()
    }

    private func take(_ problems: [ManifestDiagnostic]) {
        self.problems = problems
        let before = unreadable
        let faults = problems.compactMap { problem in problem.object.map { ($0, "\(problem)") } }
        unreadable = Dictionary(faults) { $0 + "; " + $1 }
        statuses.mark(Set(before.keys).union(unreadable.keys))
    }

    /// - Parameter wholePolicies: whether those count as new that are there without any object.
    private func apply(_ changes: [MeshModel.Change], wholePolicies: Bool) {
        for change in changes { markDependents(of: change.reference) }
        var effects = translation.apply(changes)
        if wholePolicies {
            for policy in translation.translation.configuration.policies { effects.policies[policy.key] = policy }
        }
        publish(order.take(effects, of: translation, isFirst: !isListed))
        for change in changes {
            places.apply(change)
            markDependents(of: change.reference)
            statuses.mark(order.neighbours(of: change.reference, in: translation))
            if change.reference.kind.isAttachedTo { statuses.markAttached() }
        }
        statuses.mark(ledger.apply(changes, in: translation.model, at: world.version))
        log.debug("world", "changed", ["objects": "\(changes.count)", "version": "\(world.version)"])
    }

    private func publish(_ effects: LiveTranslation.Changes) {
        world.apply(effects)
        times.add(world.version, at: .now)
        behind.formUnion(sessions.lazy.filter { $0.value.proxy != nil }.map(\.key))
        if behind.isEmpty { converged = world.version }
        encodings = [:]
        order.published(at: world.version)
    }

    /// Waypoints come into force step by step, each when all have acknowledged the one before.
    private func advanceOrder() {
        guard isListed, order.awaitsAcknowledgements else { return }
        while let effects = order.advance(progress, nowMilliseconds: nowMilliseconds, of: translation) {
            publish(effects)
            wakeAll()
        }
        statuses.markWaiting()
        tickStatuses()
        guard let deadline = order.nextDeadlineMilliseconds, deadline != awaitedDeadline else { return }
        awaitedDeadline = deadline
        Task {
            try? await Task.sleep(for: .milliseconds(deadline - min(deadline, nowMilliseconds)))
            advanceOrder()
        }
    }

    private var progress: WaypointOrder.Progress {
        .init(
            proxies: Array(register.states.values), nodes: world.capturedNodes, world: world.version,
            in: translation.model)
    }

    private var nowMilliseconds: UInt64 { LinuxKernel.monotonicNanoseconds() / 1_000_000 }

    /// As the model is now.
    private func markDependents(of reference: ObjectReference) {
        guard let object = translation.model.objects[reference] else { return statuses.mark([reference]) }
        statuses.mark(translation.model.statusDependents(of: object))
    }

    private func wakeAll() {
        for session in sessions.values { session.wake.yield() }
        wakeWatchers()
    }
}

// MARK: - Streams

extension Distribution {
    /// A stream begins.
    ///
    /// - Returns: ticks, whenever there may be something to send; they end when the stream is to be cut.
    package func open(_ caller: Caller) -> (SessionID, AsyncStream<Void>) {
        sessionCount += 1
        let id = SessionID(number: sessionCount)
        let (ticks, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        sessions[id] = Session(caller: caller, wake: wake, start: UInt64(WallClock.microseconds() / 1000))
        metrics.record(streams: sessions.count)
        return (id, ticks)
    }

    package func receive(_ request: DeltaRequest, _ id: SessionID) throws(DiscoveryRefusal) {
        guard let session = sessions[id] else { return }
        if session.proxy == nil, let node = request.node { try introduce(node, id) }
        learn(from: request, id)
        let before = session.machine.acknowledged
        do {
            guard try sessions[id]?.machine.receive(request, world: world) == true else { return }
        } catch {
            switch error {
            case .tooManyNames(let limit): throw .tooManyNames(limit: limit)
            case .anonymous: throw .anonymous
            }
        }
        note(request, id)
        recordAcknowledgement(id, since: before)
        if sessions[id]?.machine.isWaiting == true { endPatience(id) }
        sessions[id]?.wake.yield()
    }

    private func introduce(_ node: DiscoveryNode, _ id: SessionID) throws(DiscoveryRefusal) {
        guard let session = sessions[id] else { return }
        let place = place(of: session.caller)
        try session.caller.check(node, runsOn: place)
        let proxy = ProxyState.ID(name: node.podName, process: node.process)
        sessions[id]?.proxy = proxy
        let role = role(of: node, session.caller)
        sessions[id]?.machine.introduce(node: place ?? "", scope: scope(of: role, session.caller))
        sessions[id]?.unproven = role == nil ? node : nil
        guard let role else {
            log.warn("xds", "does not count", ["proxy": proxy.name, "account": session.caller.account])
            return
        }
        var state = ProxyState(
            id: proxy, role: role, node: place ?? node.nodeName, isOurs: node.ourVersion != nil,
            sessionStart: session.start)
        state.version = node.ourVersion ?? ""
        register.connect(state)
        proxiesChanged()
        log.info(
            "xds", "connected",
            [
                "proxy": proxy.name, "node": node.nodeName, "account": session.caller.account,
                "version": node.ourVersion ?? "",
            ])
    }

    /// What a node's proxy holds of an earlier controller tells how far that was.
    private func learn(from request: DeltaRequest, _ id: SessionID) {
        guard request.typeURL == ResourceType.authorization.rawValue, !request.initialVersions.isEmpty,
            let proxy = sessions[id]?.proxy, register.states[proxy]?.role == .ztunnel
        else { return }
        learn(held: request.initialVersions)
    }

    /// As many proxies as a controller is made for.
    private static let heldLimit = 1_000

    private func learn(held policies: [String: String]) {
        guard isListed else {
            if heldBeforeListing.count < Self.heldLimit { heldBeforeListing.append(policies) }
            return
        }
        guard let effects = order.learn(held: policies, of: translation) else { return }
        publish(effects)
        wakeAll()
    }

    /// Nil for one who may know of the mesh, and whose word on what is in force counts for nothing.
    private func role(of node: DiscoveryNode, _ caller: Caller) -> ProxyState.Role? {
        switch node.proxyType {
        // It must prove which node's it is.
        case "ztunnel": settings.nodeProxyAccounts.contains(caller.account) && place(of: caller) != nil ? .ztunnel : nil
        case "waypoint": .waypoint(gateway(of: caller))
        default: nil
        }
    }

    /// Its pod's label says; where there is none, its account bears the Gateway's name.
    private func gateway(of caller: Caller) -> NamespacedName {
        pod(of: caller)?.gatewayKey ?? NamespacedName(namespace: caller.namespace, name: caller.serviceAccount)
    }

    private func introduceProven() {
        for (id, session) in sessions {
            guard let node = session.unproven, role(of: node, session.caller) != nil
            else { continue }
            do {
                try introduce(node, id)
                report(id)
            } catch {
                sessions[id]?.refusal = error
                session.wake.finish()
            }
        }
    }

    /// The node where a caller runs: its token's, or that of the pod that its token is bound to.
    private func place(of caller: Caller) -> String? {
        if let node = caller.node { return node }
        guard let node = pod(of: caller)?.spec.nodeName, !node.isEmpty else { return nil }
        return node
    }

    /// The pod that a caller's token is bound to, while it is there.
    private func pod(of caller: Caller) -> Kubernetes.Pod? {
        guard let bound = caller.pod,
            let pod = translation.model.pods[NamespacedName(namespace: caller.namespace, name: bound.name)],
            pod.metadata.uid == bound.uid, pod.spec.serviceAccountName == caller.serviceAccount
        else { return nil }
        return pod
    }

    private func scope(of role: ProxyState.Role?, _ caller: Caller) -> WaypointScope? {
        guard case .waypoint(let key)? = role else { return nil }
        let service = translation.model.gateways[key]?.serviceKey ?? key
        return WaypointScope(
            service: "\(service.namespace)/\(settings.mesh.hostname(ofService: service))",
            workload: pod(of: caller).map { settings.mesh.uid(ofPod: $0.key) } ?? "")
    }

    /// What it has acknowledged or rejected.
    private func note(_ request: DeltaRequest, _ id: SessionID) {
        guard let session = sessions[id] else { return }
        // Who answers is not silent, though it may owe another answer.
        if !request.responseNonce.isEmpty { sessions[id]?.silentSince = session.machine.isInFlight ? .now : nil }
        if let rejection = request.rejection {
            metrics.countRejection()
            log.warn("xds", "rejected", ["proxy": session.proxy?.name ?? "", "reason": rejection.message])
        }
        finishBeginning(id)
        report(id)
    }

    private func recordAcknowledgement(_ id: SessionID, since before: WorldVersion) {
        guard before > .none, let now = sessions[id]?.machine.acknowledged, now > before,
            let start = times.first(after: before)
        else { return }
        metrics.recordAcknowledgement(start.duration(to: .now))
    }

    private func report(_ id: SessionID) {
        guard let session = sessions[id], let proxy = session.proxy else { return }
        if session.machine.acknowledged >= world.version { catchUp(id) }
        let before = register.states[proxy]
        register.acknowledge(
            proxy, sessionStart: session.start, session.machine.acknowledged, session.machine.rejections)
        let after = register.states[proxy]
        advanceOrder()
        guard before != after else { return }
        if before?.rejections != after?.rejections { statuses.markCounting() } else { statuses.markWaiting() }
        tickStatuses()
        wakeWatchers()
    }

    /// It has everything, or is gone.
    private func catchUp(_ id: SessionID) {
        guard behind.remove(id) != nil, behind.isEmpty else { return }
        if let start = times.first(after: converged) { metrics.recordConvergence(start.duration(to: .now)) }
        converged = world.version
    }

    private func proxiesChanged() {
        statuses.markCounting()
        tickStatuses()
        wakeWatchers()
    }

    /// The next responses, in their order.
    package func responses(for id: SessionID) -> [[UInt8]] {
        guard isListed, sessions[id] != nil else { return [] }
        let isBeginning = sessions[id]?.machine.isBeginning == true
        let mayBegin = !isBeginning || initialPushes.ask(id)
        let pushes = sessions[id]?.machine.pushes(of: world, mayBegin: mayBegin) ?? []
        if isBeginning, !pushes.isEmpty { limitBeginning(id) }
        if !pushes.isEmpty, sessions[id]?.silentSince == nil { sessions[id]?.silentSince = .now }
        if pushes.isEmpty, sessions[id]?.proxy != nil, sessions[id]?.machine.isInFlight == false {
            sessions[id]?.silentSince = nil
        }
        finishBeginning(id)
        // What it need not be told counts as acknowledged.
        report(id)
        return pushes.map(encoded)
    }

    /// One that takes its time, or stands still, does not hold up those who wait.
    private func limitBeginning(_ id: SessionID) {
        let seconds = settings.initialPushSeconds
        Task {
            try? await Task.sleep(for: .seconds(seconds))
            if let next = initialPushes.release(id) { sessions[next]?.wake.yield() }
        }
    }

    private func finishBeginning(_ id: SessionID) {
        guard let machine = sessions[id]?.machine, !machine.isBeginning, !machine.isInFlight else { return }
        if let next = initialPushes.finish(id) { sessions[next]?.wake.yield() }
    }

    /// Why the ticks of a stream have ended.
    package func refusal(_ id: SessionID) -> DiscoveryRefusal? { sessions[id]?.refusal }

    /// A stream is over.
    package func close(_ id: SessionID) {
        guard let session = sessions.removeValue(forKey: id) else { return }
        if let next = initialPushes.finish(id) { sessions[next]?.wake.yield() }
        metrics.record(streams: sessions.count)
        catchUp(id)
        guard let proxy = session.proxy else { return }
        register.disconnect(proxy, sessionStart: session.start, at: .now)
        proxiesChanged()
        log.info("xds", "disconnected", ["proxy": proxy.name, "account": session.caller.account])
    }

    // MARK: Bytes

    /// Two messages one after the other are one (Protocol Buffers, "Last One Wins"): what many are told is encoded once, and
    /// each one's nonce is set after it.
    private func encoded(_ push: Push) -> [UInt8] {
        metrics.count(push)
        if !push.isInitial, let start = times.first(after: push.after) { metrics.recordPush(start.duration(to: .now)) }
        var nonce = DeltaResponse(typeURL: push.type.rawValue, nonce: push.nonce)
        nonce.systemVersion = "\(push.version)"
        return body(of: push) + nonce.encoded()
    }

    private func body(of push: Push) -> [UInt8] {
        if let span = push.span, let known = encodings[span] { return known }
        var response = DeltaResponse(typeURL: push.type.rawValue, nonce: "")
        response.resources = push.upserts.map { $0.onTheWire(as: push.type) }
        response.removed = push.removals
        let bytes = response.encoded()
        if let span = push.span {
            if encodings.count >= Self.encodingLimit { encodings = [:] }
            encodings[span] = bytes
        }
        return bytes
    }

    private static let encodingLimit = 8

    // MARK: Time

    private static let patience = Duration.seconds(1)

    private func endPatience(_ id: SessionID) {
        Task {
            try? await Task.sleep(for: Self.patience)
            sessions[id]?.machine.patienceEnded()
            sessions[id]?.wake.yield()
        }
    }

    /// Cuts off who is silent, and forgets what need not be known any longer. To be called now and then.
    package func sweep() {
        let limit = settings.silenceLimitSeconds
        for (id, session) in sessions {
            guard let since = session.silentSince, since.duration(to: .now) > .seconds(limit) else { continue }
            sessions[id]?.refusal = .silent(seconds: limit)
            session.wake.finish()
        }
        endAged()
        encodings = [:]
        world.forgetRemovals(through: sessions.values.compactMap(\.machine.toldRemovalsThrough).min() ?? world.version)
        let (nodes, gateways) = (translation.model.nodes, translation.model.gateways)
        let hasForgotten = register.forgetLost(
            nodes: { nodes.isEmpty || nodes[$0] != nil }, gateways: { gateways[$0] != nil }, now: .now)
        if hasForgotten { proxiesChanged() }
        advanceOrder()
        metrics.record(
            initialPushesWaiting: initialPushes.waitingCount, behind: behind.count,
            inFlight: sessions.values.count(where: \.machine.isInFlight), proxies: register.states.values)
    }
}

extension Distribution {
    /// Not all at once, and none in the middle of an answer.
    private func endAged() {
        for (id, session) in sessions where !session.machine.isInFlight {
            let share = 0.9 + 0.2 * Double(id.number % 64) / 64
            let age = session.opened.duration(to: .now)
            guard age > .seconds(settings.streamAgeSeconds * share) else { continue }
            sessions[id]?.refusal = .aged
            session.wake.finish()
        }
    }
}

// MARK: - Certificates

extension Distribution {
    /// Whether a caller may have a certificate of this identity: its own, or as a node's proxy that of a pod on its node.
    package func checkIssuance(
        of identity: SPIFFEIdentity, to caller: Caller
    ) throws(IssuanceRefusal) {
        guard identity.trustDomain == settings.mesh.trustDomain else { throw .foreignTrustDomain }
        let pod = pod(of: caller)
        guard caller.pod == nil || pod != nil else { throw .callerPodGone }
        let account = "\(identity.namespace)/\(identity.serviceAccount)"
        guard account != caller.account else { return }
        guard settings.nodeProxyAccounts.contains(caller.account) else { throw .untrustedAccount }
        guard let node = pod?.spec.nodeName ?? caller.node, !node.isEmpty else { throw .unknownNode }
        guard places.hasPod(of: account, onNode: node) else { throw .noPodOnNode }
    }
}

extension Distribution {
    /// A caller was given a certificate that is good until `end`.
    func issued(to caller: Caller, end: Kubernetes.Timestamp) {
        guard let pod = caller.pod else { return }
        register.issued(to: "\(caller.namespace)/\(pod.name)", end: end, now: .now)
    }
}

// MARK: - Questions

extension Distribution {
    package var proxies: [ProxyState] { register.states.values.sorted { $0.id < $1.id } }

    package var version: WorldVersion { world.version }

    package var resourceCounts: (addresses: Int, authorizations: Int) {
        (world.addresses.resources.count, world.authorizations.resources.count)
    }

    package func resources(_ type: ResourceType) -> [PublishedResource] {
        world[type].resources.values.sorted { $0.name < $1.name }
    }

    /// What the proxies of a name have been told or will be next; empty when none of them is connected.
    package func told(
        _ proxy: String
    ) -> [(proxy: ProxyState.ID, type: ResourceType, resource: PublishedResource, progress: Subscription.Progress)] {
        sessions.values.filter { $0.proxy?.name == proxy }.sorted { $0.start < $1.start }.flatMap { session in
            session.machine.subscriptions.flatMap { subscription in
                subscription.progress(in: world).map {
                    (session.proxy ?? .init(name: proxy, process: ""), subscription.type, $0.resource, $0.progress)
                }
            }
        }
    }

    /// Nil when there is no such object.
    package func verdict(on reference: ObjectReference) -> EnforcementVerdict? { verdicts(reference) }

    /// All that is known at this moment, to be described elsewhere.
    package var view: MeshView {
        MeshView(
            translation: translation, order: order, settings: settings.mesh, version: world.version, isListed: isListed,
            proxies: proxies, problems: problems, verdict: verdicts)
    }

    /// Where objects are in force at this moment.
    private var verdicts: @Sendable (ObjectReference) -> EnforcementVerdict? {
        let (ledger, order, unreadable, model) = (ledger, order, unreadable, translation.model)
        let census = ProxyCensus(register.states.values, in: model, now: .now)
        let next = world.version.next
        return { reference in
            // Of what is still being told step by step the last has been acknowledged by nobody.
            let floor = order.isUnderWay(reference) ? next : .none
            var verdict = ledger.verdict(on: reference, in: model, census, floor: floor)
            // What was read before is in force at best.
            if let problem = unreadable[reference] { verdict?.obstacle = .init(reason: "Malformed", message: problem) }
            return verdict
        }
    }

    /// Why the present text of an object cannot be read; nil when it can, or when there is none.
    package func problem(of reference: ObjectReference) -> String? { unreadable[reference] }

    /// Ticks whenever a verdict may have changed.
    package func verdictChanges() -> AsyncStream<Void> {
        watcherCount += 1
        let number = watcherCount
        let (ticks, tick) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        watchers[number] = tick
        tick.onTermination = { [weak self] _ in
            Task { await self?.forgetWatcher(number) }
        }
        return ticks
    }

    private func forgetWatcher(_ number: UInt64) { watchers[number] = nil }

    private func wakeWatchers() {
        for watcher in watchers.values { watcher.yield() }
    }
}

// MARK: - Statuses

extension Distribution {
    /// So many are made at a time: others wait meanwhile.
    private static let statusLimit = 100

    /// Ticks whenever there may be something new to tell.
    func statusTicks() -> AsyncStream<Void> {
        let (ticks, tick) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        statusTick = tick
        if isListed { tick.yield() }
        return ticks
    }

    func tickStatuses() {
        if isListed { statusTick?.yield() }
    }

    /// Some of what is new; nil when there is no more.
    func takeStatusChanges() -> StatusBook.Changes? {
        guard isListed, statuses.isMarked else { return nil }
        let translation = StatusTranslation(
            model: translation.model, settings: settings.mesh, template: settings.waypointTemplate,
            problems: unreadable, gaps: { [order, live = translation] in order.gaps(of: $0, in: live) },
            verdict: verdicts)
        return statuses.changes(limit: Self.statusLimit, now: .now, translation)
    }
}

extension KubernetesObject.Kind {
    /// Whether policies and routes are attached to it, or rest on it, by its name.
    fileprivate var isAttachedTo: Bool {
        switch self {
        case .gateway, .gatewayClass, .service, .namespace, .referenceGrant, .meshConfig: true
        default: false
        }
    }
}

extension Kubernetes.Timestamp {
    static var now: Kubernetes.Timestamp { .init(secondsSinceEpoch: Int(WallClock.seconds())) }
}
