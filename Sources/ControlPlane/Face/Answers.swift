import Controller
import Discovery

/// The objects of the HTTP interface, as they are written in JSON.
struct ProxyAnswer: Encodable {
    let name: String
    let process: String
    let role: String
    let node: String
    let isOurs: Bool
    let connected: Bool
    let disconnectedSince: String?
    let acknowledged: UInt64
    let rejections: [String: String]

    init(_ state: ProxyState) {
        name = state.id.name
        process = state.id.process
        switch state.role {
        case .ztunnel: role = "ztunnel"
        case .waypoint(let gateway): role = "waypoint \(gateway)"
        }
        node = state.node
        isOurs = state.isOurs
        connected = state.isConnected
        if case .disconnected(let since) = state.link {
            disconnectedSince = "\(since)"
        } else {
            disconnectedSince = nil
        }
        acknowledged = state.acknowledged.number
        rejections = Dictionary(uniqueKeysWithValues: state.rejections.map { ("\($0.key)", $0.value) })
    }
}

struct WorldAnswer: Encodable {
    let version: UInt64
    let listed: Bool
    let addresses: Int
    let authorizations: Int
    /// Where the source cannot be read.
    let problems: [String]

    init(_ distribution: Distribution) async {
        (version, listed) = await (distribution.version.number, distribution.isListed)
        (addresses, authorizations) = await distribution.resourceCounts
        problems = await distribution.problems.map { "\($0)" }
    }
}

struct ResourceAnswer: Encodable {
    let name: String
    let aliases: [String]
    let version: String
    /// The change with which this content came in.
    let since: UInt64
    let bytes: Int

    init(_ resource: PublishedResource) {
        name = resource.name
        aliases = resource.aliases
        version = resource.version
        since = resource.since.number
        bytes = resource.body.count
    }
}

struct VerdictAnswer: Encodable {
    struct Laggard: Encodable {
        let name: String
        let node: String
        let reason: String
    }

    let object: String
    let version: String
    let enforced: Bool
    /// Why it is in force nowhere, whatever proxies say.
    let obstacle: String?
    let enforcing: Int
    let acknowledging: Int
    let total: Int
    let laggards: [Laggard]

    init(_ reference: ObjectReference, _ verdict: EnforcementVerdict) {
        object = "\(reference)"
        version = "\(verdict.version)"
        enforced = verdict.isEnforced
        obstacle = verdict.obstacle?.message
        enforcing = verdict.enforcing
        acknowledging = verdict.acknowledging
        total = verdict.total
        laggards = verdict.laggards.map { .init(name: $0.name, node: $0.node, reason: "\($0.lag)") }
    }
}
