import Controller
import Discovery

/// What of the HTTP interface is for tools alone, as it is written in JSON. The rest is in `Controller/Describe`.
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

/// What a proxy holds or is about to be told.
struct ToldAnswer: Encodable {
    let process: String
    let type: String
    let name: String
    let version: String
    /// `pending`, `sent`, `acknowledged`, or `rejected`.
    let state: String
    /// Why it is rejected.
    let reason: String?

    init(
        _ told: (
            proxy: ProxyState.ID, type: ResourceType, resource: PublishedResource, progress: Subscription.Progress
        )
    ) {
        process = told.proxy.process
        type = told.type.shortName
        name = told.resource.name
        version = told.resource.version
        switch told.progress {
        case .pending: (state, reason) = ("pending", nil)
        case .sent: (state, reason) = ("sent", nil)
        case .acknowledged: (state, reason) = ("acknowledged", nil)
        case .rejected(let why): (state, reason) = ("rejected", why)
        }
    }
}
