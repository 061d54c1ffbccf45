package import Discovery

/// How far one subscriber is with one type of resource.
///
/// Pure. Of what a wildcard subscriber holds nothing is kept but how far it has read the journal. One response is under way
/// at a time: what changes meanwhile is in the next one, once.
package struct Subscription: Sendable {
    private struct Flight: Sendable {
        let nonce: String
        let upsertsThrough: WorldVersion
        let removalsThrough: WorldVersion
        let upsertsAfter: WorldVersion
        /// Of one who asks for single names.
        let names: [String]
    }

    package struct Rejection: Hashable, Sendable {
        package let reason: String
        /// The content that was rejected; another one may be taken.
        let since: WorldVersion
    }

    private enum Phase {
        case unasked
        /// Asked for, by one who holds these versions by name.
        case asked([String: String])
        case answered
    }

    /// One who asks for more single names would better ask for everything.
    private static let nameLimit = 100_000

    package let type: ResourceType
    /// Where the subscriber runs: on demand, its workloads belong to every answer.
    private var node = ""
    private var phase = Phase.unasked
    package private(set) var isWildcard = false
    package private(set) var names: Set<String> = []
    /// On demand: names that want an answer, whatever the subscriber holds.
    private var questions: Set<String> = []
    /// Of a waypoint: of everything it is told what stands behind it.
    package var scope: WaypointScope?
    /// On demand, and of a waypoint: what the subscriber holds, by name.
    private var held: [String: String] = [:]
    /// What the subscriber held at first and is gone, until it is told.
    private var owedRemovals: [String] = []

    private var upsertsSent = WorldVersion.none
    private var removalsSent = WorldVersion.none
    private var upsertsAcknowledged = WorldVersion.none
    private var removalsAcknowledged = WorldVersion.none
    private var flight: Flight?
    private var nonceCount: UInt64 = 0
    package private(set) var rejections: [String: Rejection] = [:]

    /// Whether it is told the same as every other.
    private var isShared: Bool { isWildcard && scope == nil }

    package init(_ type: ResourceType) { self.type = type }

    package var isAsked: Bool {
        if case .unasked = phase { false } else { true }
    }

    package var isAnswered: Bool {
        if case .answered = phase { true } else { false }
    }

    package var isInFlight: Bool { flight != nil }

    /// Every change up to here that is for this subscriber has been acknowledged.
    package var acknowledged: WorldVersion {
        owedRemovals.isEmpty ? min(upsertsAcknowledged, removalsAcknowledged) : .none
    }

    /// Everything up to here has been sent, but for removals.
    package var sentThrough: WorldVersion { isAnswered ? upsertsSent : .none }

    /// Removals up to here have been sent.
    package var toldRemovalsThrough: WorldVersion { removalsSent }
}

// MARK: - Requests

extension Subscription {
    package enum Fault: Error, Hashable, Sendable { case tooManyNames(limit: Int) }

    /// Takes in a request of this type: what it subscribes to, and what it says of the response under way.
    package mutating func receive(
        _ request: DeltaRequest, node: String, world: PublishedWorld
    ) throws(Fault) {
        self.node = node
        answerReceived(request, world)
        if case .unasked = phase {
            begin(request)
        } else {
            change(request, world)
        }
        guard names.count + questions.count <= Self.nameLimit else { throw .tooManyNames(limit: Self.nameLimit) }
    }

    /// No names at all ask for everything, as does `*`. `*` given and taken back asks for nothing yet.
    private mutating func begin(_ request: DeltaRequest) {
        names = Set(request.subscribe).subtracting(["*"]).subtracting(request.unsubscribe)
        isWildcard =
            request.subscribe.isEmpty && request.unsubscribe.isEmpty
            || request.subscribe.contains("*") && !request.unsubscribe.contains("*")
        questions = names
        if !isShared { held = request.initialVersions }
        phase = .asked(request.initialVersions)
    }

    private mutating func change(_ request: DeltaRequest, _ world: PublishedWorld) {
        let subscribed = Set(request.subscribe)
        if subscribed.contains("*"), !isWildcard {
            isWildcard = true
            phase = .asked(held)
            if isShared { held = [:] }
            questions = []
        }
        if request.unsubscribe.contains("*"), isWildcard {
            isWildcard = false
            held = [:]
            upsertsSent = world.version
            removalsSent = world.version
        }
        let new = subscribed.subtracting(["*"])
        names.formUnion(new)
        if !isWildcard { questions.formUnion(new) }
        let gone = Set(request.unsubscribe).subtracting(new)
        guard !gone.isEmpty else { return }
        names.subtract(gone)
        questions.subtract(gone)
        held = held.filter { name, _ in world[type].resources[name].map(concerns) ?? false }
    }

    /// Whether one who asks for single names is to know of a resource.
    private func concerns(_ resource: PublishedResource) -> Bool {
        names.contains(resource.name) || resource.aliases.contains(where: names.contains)
            || resource.services.contains(where: names.contains) || !node.isEmpty && resource.node == node
    }
}

// MARK: - Acknowledgements

extension Subscription {
    private mutating func answerReceived(_ request: DeltaRequest, _ world: PublishedWorld) {
        guard let flight, request.responseNonce == flight.nonce else { return }
        self.flight = nil
        forgetOutdatedRejections(world)
        if let rejection = request.rejection { reject(rejection.message, flight, world) }
        upsertsAcknowledged = flight.upsertsThrough
        removalsAcknowledged = flight.removalsThrough
    }

    /// Of what was refused, what has changed again was sent again, and may have been taken.
    private mutating func forgetOutdatedRejections(_ world: PublishedWorld) {
        guard !rejections.isEmpty else { return }
        rejections = rejections.filter { world[type].resources[$0.key]?.since == $0.value.since }
    }

    /// A message `name: reason; …` rejects these and no others; any other message rejects the whole response.
    private mutating func reject(_ message: String, _ flight: Flight, _ world: PublishedWorld) {
        let journal = world[type]
        let partial = RejectionMessage.reasons(in: message) { journal.resources[$0] != nil }
        for (name, reason) in partial { reject(name, reason, flight, journal) }
        guard partial.isEmpty else { return }
        let names = isShared ? journal.upserts(after: flight.upsertsAfter).map(\.name) : flight.names
        for name in names { reject(name, message, flight, journal) }
    }

    private mutating func reject(_ name: String, _ reason: String, _ flight: Flight, _ journal: ResourceJournal) {
        guard let resource = journal.resources[name], resource.since <= flight.upsertsThrough else { return }
        rejections[name] = Rejection(reason: reason, since: resource.since)
    }
}

// MARK: - Responses

extension Subscription {
    /// The next response, if there is something to say and none is under way.
    ///
    /// - Parameter removalLimit: what was removed later is not told yet.
    package mutating func push(of world: PublishedWorld, removalLimit: WorldVersion) -> Push? {
        guard flight == nil else { return nil }
        switch phase {
        case .unasked: return nil
        case .asked(let versions):
            phase = .answered
            if let scope, isWildcard { return scopedPush(of: world, in: scope, isInitial: true) }
            return isWildcard
                ? firstPush(of: world, to: versions, removalLimit) : namedPush(of: world, isInitial: true)
        case .answered:
            if let scope, isWildcard { return scopedPush(of: world, in: scope, isInitial: false) }
            return isWildcard ? nextPush(of: world, removalLimit) : namedPush(of: world, isInitial: false)
        }
    }

    /// Those of its type: of addresses one may want workloads alone.
    private func ofType(_ resources: [PublishedResource]) -> [PublishedResource] {
        type == .workload ? resources.filter(\.isWorkload) : resources
    }

    /// Only what differs; nothing when nothing does.
    private mutating func firstPush(
        of world: PublishedWorld, to versions: [String: String], _ removalLimit: WorldVersion
    ) -> Push? {
        // What is removed from now on is of the journal, what was before of the difference.
        removalsSent = world.version
        removalsAcknowledged = versions.isEmpty ? .none : world.version
        guard !versions.isEmpty else {
            return send(
                upserts: ofType(world[type].upserts(after: .none)), removals: [], of: world,
                after: (.none, world.version),
                isShared: true, isInitial: true)
        }
        var difference = world[type].difference(from: versions)
        difference.upserts = ofType(difference.upserts)
        owedRemovals = difference.removals
        let removals = takeOwedRemovals(world, removalLimit)
        guard !difference.upserts.isEmpty || !removals.isEmpty else {
            upsertsSent = world.version
            upsertsAcknowledged = world.version
            return nil
        }
        return send(
            upserts: difference.upserts, removals: removals, of: world, after: (.none, world.version),
            isShared: false, isInitial: true)
    }

    private mutating func nextPush(of world: PublishedWorld, _ removalLimit: WorldVersion) -> Push? {
        let limit = min(removalLimit, world.version)
        let after = (upsertsSent, removalsSent)
        let upserts = ofType(world[type].upserts(after: upsertsSent))
        let owed = takeOwedRemovals(world, removalLimit)
        let removals = world[type].removals(after: removalsSent, through: limit)
        upsertsSent = world.version
        removalsSent = max(removalsSent, limit)
        guard !upserts.isEmpty || !removals.isEmpty || !owed.isEmpty else {
            upsertsAcknowledged = upsertsSent
            removalsAcknowledged = owedRemovals.isEmpty ? removalsSent : removalsAcknowledged
            return nil
        }
        return send(
            upserts: upserts, removals: removals + owed, of: world, after: after, isShared: owed.isEmpty,
            isInitial: false)
    }

    private mutating func takeOwedRemovals(_ world: PublishedWorld, _ limit: WorldVersion) -> [String] {
        guard !owedRemovals.isEmpty, limit >= upsertsSent, limit >= removalsSent else { return [] }
        defer { owedRemovals = [] }
        return owedRemovals.filter { world[type].resources[$0] == nil }
    }

    /// To one who asks for single names: those that are new, and of the others what has changed.
    private mutating func namedPush(of world: PublishedWorld, isInitial: Bool) -> Push? {
        let journal = world[type]
        var upserts: [String: PublishedResource] = [:]
        var removals: Set<String> = []
        let after = (upsertsSent, removalsSent)
        let isFresh = held.isEmpty
        if isInitial {
            removals = Set(held.keys.filter { journal.resources[$0] == nil })
            for name in world.workloads(onNode: node) { upserts[name] = journal.resources[name] }
            for name in names { add(name, of: world, to: &upserts, &removals) }
            upserts = upserts.filter { held[$0.key] != $0.value.version }
        } else {
            removals = Set(journal.removals(after: removalsSent, through: world.version).filter(knows))
            for resource in journal.upserts(after: upsertsSent) where knows(resource.name) || concerns(resource) {
                upserts[resource.name] = resource
            }
            for name in questions { add(name, of: world, to: &upserts, &removals) }
        }
        if type == .workload { upserts = upserts.filter(\.value.isWorkload) }
        questions = []
        for name in removals { held[name] = nil }
        for resource in upserts.values { held[resource.name] = resource.version }
        upsertsSent = world.version
        removalsSent = world.version
        guard !upserts.isEmpty || !removals.isEmpty || isInitial && isFresh else {
            upsertsAcknowledged = world.version
            removalsAcknowledged = world.version
            return nil
        }
        return send(
            upserts: upserts.values.sorted { $0.name < $1.name }, removals: removals.sorted(), of: world,
            after: after, isShared: false, isInitial: isInitial)
    }

    /// To a waypoint: what is new or different behind it, and what does not stand there any longer.
    private mutating func scopedPush(of world: PublishedWorld, in scope: WaypointScope, isInitial: Bool) -> Push? {
        let journal = world[type]
        let after = (upsertsSent, removalsSent)
        let isFresh = held.isEmpty
        var upserts: [String: PublishedResource] = [:]
        var removals: Set<String> = []
        func look(at name: String) {
            guard let resource = journal.resources[name], world.contains(resource, in: scope) else {
                if held[name] != nil { removals.insert(name) }
                return
            }
            if held[name] != resource.version { upserts[name] = resource }
        }
        if isInitial {
            world.names(in: scope).union(held.keys).forEach(look)
        } else {
            let changed =
                journal.removals(after: removalsSent, through: world.version)
                + journal.upserts(after: upsertsSent).map(\.name)
            for name in changed {
                look(at: name)
                // What is bound brings its workloads, and takes them along.
                world.workloads(ofService: name).forEach(look)
            }
        }
        let served = ofType(Array(upserts.values))
        for name in removals { held[name] = nil }
        for resource in served { held[resource.name] = resource.version }
        upsertsSent = world.version
        removalsSent = world.version
        guard !served.isEmpty || !removals.isEmpty || isInitial && isFresh else {
            upsertsAcknowledged = world.version
            removalsAcknowledged = world.version
            return nil
        }
        return send(
            upserts: served.sorted { $0.name < $1.name }, removals: removals.sorted(), of: world, after: after,
            isShared: false, isInitial: isInitial)
    }

    private func knows(_ name: String) -> Bool { held[name] != nil || names.contains(name) }

    /// A service comes with the workloads behind it. A name for which there is nothing is told to be removed.
    private func add(
        _ name: String, of world: PublishedWorld, to upserts: inout [String: PublishedResource],
        _ removals: inout Set<String>
    ) {
        let found =
            type == .authorization ? [world[type].resources[name]].compactMap(\.self) : world.addresses(named: name)
        if found.isEmpty { removals.insert(name) }
        for resource in found {
            upserts[resource.name] = resource
            for workload in world.workloads(ofService: resource.name) {
                upserts[workload] = world.addresses.resources[workload]
            }
        }
    }

    private mutating func send(
        upserts: [PublishedResource], removals: [String], of world: PublishedWorld,
        after: (upserts: WorldVersion, removals: WorldVersion), isShared: Bool, isInitial: Bool
    ) -> Push {
        upsertsSent = world.version
        nonceCount += 1
        let nonce = "\(nonceCount)"
        flight = Flight(
            nonce: nonce, upsertsThrough: world.version, removalsThrough: removalsSent, upsertsAfter: after.upserts,
            names: self.isShared ? [] : upserts.map(\.name))
        let span = Push.Span(
            type: type, upsertsAfter: after.upserts, removalsAfter: after.removals, upsertsThrough: world.version,
            removalsThrough: removalsSent)
        return Push(
            type: type, nonce: nonce, after: after.upserts, version: world.version, upserts: upserts,
            removals: removals,
            span: isShared ? span : nil, isInitial: isInitial)
    }
}

// MARK: - Questions

extension Subscription {
    /// How far a resource has come with the subscriber.
    package enum Progress: Hashable, Sendable {
        case pending, sent, acknowledged
        case rejected(String)
    }

    /// What the subscriber has been told, or will be next, by name.
    package func progress(in world: PublishedWorld) -> [(resource: PublishedResource, progress: Progress)] {
        guard isAsked else { return [] }
        let journal = world[type]
        let told = isShared ? ofType(Array(journal.resources.values)) : held.keys.compactMap { journal.resources[$0] }
        return told.sorted { $0.name < $1.name }.map { ($0, progress(of: $0)) }
    }

    private func progress(of resource: PublishedResource) -> Progress {
        if let rejection = rejections[resource.name], rejection.since == resource.since {
            return .rejected(rejection.reason)
        }
        return resource.since <= upsertsAcknowledged ? .acknowledged : resource.since <= sentThrough ? .sent : .pending
    }
}
