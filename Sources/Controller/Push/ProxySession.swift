package import Discovery

/// The conversation with one proxy: what it is told, in which order, and what it has said of it.
///
/// Pure. A policy comes before the workloads that name it, and goes after they have stopped naming it: a proxy that fails
/// closed would deny, and one that does not would admit, what is in between.
package struct ProxySession: Sendable {
    package enum Fault: Error, Hashable, Sendable {
        /// The first request of a stream says who asks.
        case anonymous
        case tooManyNames(limit: Int)
    }

    package private(set) var node: DiscoveryNode?
    package private(set) var authorizations = Subscription(.authorization)
    package private(set) var addresses = Subscription(.address)
    /// Some ask for workloads alone.
    package private(set) var workloads = Subscription(.workload)
    /// Where the proxy runs as its token proves it: on demand, its workloads belong to every answer.
    private var provenNode = ""
    /// A proxy that asks for the one type asks for the other as well, and is given a moment to do so.
    private var isPatient = true

    package init() {}

    /// What is known of who asks, before the first request.
    ///
    /// - Parameters:
    ///   - node: where it runs; empty when nobody proves it.
    ///   - scope: what it needs, if it is a waypoint.
    package mutating func introduce(node: String, scope: WaypointScope? = nil) {
        provenNode = node
        addresses.scope = scope
        workloads.scope = scope
    }

    /// - Returns: false when the type is none that is served; such a request is passed over.
    package mutating func receive(_ request: DeltaRequest, world: PublishedWorld) throws(Fault) -> Bool {
        if let node = request.node, self.node == nil { self.node = node }
        guard node != nil else { throw .anonymous }
        do {
            switch ResourceType(rawValue: request.typeURL) {
            case .authorization: try authorizations.receive(request, node: "", world: world)
            case .address: try addresses.receive(request, node: provenNode, world: world)
            case .workload: try workloads.receive(request, node: provenNode, world: world)
            case nil: return false
            }
        } catch {
            switch error {
            case .tooManyNames(let limit): throw .tooManyNames(limit: limit)
            }
        }
        return true
    }

    /// The moment has passed in which requests for both types should have come.
    package mutating func patienceEnded() { isPatient = false }

    /// Whether one of the two types is asked for, and the other should be soon.
    package var isWaiting: Bool { isPatient && areAddressesAsked != authorizations.isAsked }

    private var areAddressesAsked: Bool { addresses.isAsked || workloads.isAsked }
    private var areAddressesAnswered: Bool { addresses.isAnswered || workloads.isAnswered }

    /// What is to be sent now, in this order.
    ///
    /// - Parameter mayBegin: whether first answers may be given; they are large.
    package mutating func pushes(of world: PublishedWorld, mayBegin: Bool) -> [Push] {
        var pushes: [Push] = []
        if mayBegin || authorizations.isAnswered { pushAuthorizations(of: world, &pushes) }
        guard mayBegin || areAddressesAnswered, authorizations.isAsked || !isPatient,
            !authorizations.isAsked || authorizations.sentThrough == world.version
        else { return pushes }
        if let push = addresses.push(of: world, removalLimit: world.version) { pushes.append(push) }
        if let push = workloads.push(of: world, removalLimit: world.version) { pushes.append(push) }
        // What the addresses have just stopped naming may go.
        pushAuthorizations(of: world, &pushes)
        return pushes
    }

    private mutating func pushAuthorizations(of world: PublishedWorld, _ pushes: inout [Push]) {
        // One who has not asked for addresses yet may hold some of an earlier session that name what is gone.
        let named = [addresses, workloads].filter(\.isAsked).map(\.sentThrough).min()
        let limit = named ?? (isPatient ? .none : world.version)
        if let push = authorizations.push(of: world, removalLimit: limit) { pushes.append(push) }
    }

    /// Whether a first answer is still to be given.
    package var isBeginning: Bool {
        subscriptions.contains { $0.isAsked && !$0.isAnswered }
    }

    package var isInFlight: Bool { subscriptions.contains(where: \.isInFlight) }

    package var subscriptions: [Subscription] { [authorizations, addresses, workloads] }

    /// Every change up to here that is for this proxy has been acknowledged.
    package var acknowledged: WorldVersion {
        let asked = subscriptions.filter(\.isAsked)
        return asked.map(\.acknowledged).min() ?? .none
    }

    /// Removals up to here have been told to it; nil when it asks for nothing yet.
    package var toldRemovalsThrough: WorldVersion? {
        subscriptions.filter(\.isAnswered).map(\.toldRemovalsThrough).min()
    }

    package var rejections: [ResourceReference: String] {
        var rejections: [ResourceReference: String] = [:]
        for (name, rejection) in addresses.rejections { rejections[.init(.address, name)] = rejection.reason }
        for (name, rejection) in workloads.rejections { rejections[.init(.address, name)] = rejection.reason }
        for (name, rejection) in authorizations.rejections {
            rejections[.init(.authorization, name)] = rejection.reason
        }
        return rejections
    }
}
