/// Makes equal texts and lists of many workloads one in memory.
struct Sharing: Sendable {
    /// What is shared is forgotten when it has become this much, since what is gone is not noticed. What comes again is
    /// then shared anew.
    private static let limit = 1 << 16
    /// A shorter text lies in the string itself.
    private static let inlineBytes = 15

    private var texts: Set<String> = []
    private var identities: [SPIFFEIdentity: [SPIFFEIdentity]] = [:]
    private var memberships: Set<[NamespacedName: [UInt16: UInt16]]> = []
    private var policies: Set<[NamespacedName]> = []

    mutating func share(_ workload: Workload) -> Workload {
        var shared = workload
        shared.namespace = share(workload.namespace)
        shared.serviceAccount = share(workload.serviceAccount)
        shared.trustDomain = share(workload.trustDomain)
        shared.network = share(workload.network)
        shared.node = share(workload.node)
        shared.workloadName = share(workload.workloadName)
        shared.canonicalName = share(workload.canonicalName)
        shared.canonicalRevision = share(workload.canonicalRevision)
        shared.clusterID = share(workload.clusterID)
        shared.locality.region = share(workload.locality.region)
        shared.locality.zone = share(workload.locality.zone)
        shared.locality.subzone = share(workload.locality.subzone)
        shared.services = Self.share(workload.services, in: &memberships)
        shared.authorizationPolicies = Self.share(workload.authorizationPolicies, in: &policies)
        return shared
    }

    mutating func identities(_ identity: SPIFFEIdentity) -> [SPIFFEIdentity] {
        if let present = identities[identity] { return present }
        if identities.count >= Self.limit { identities = [:] }
        identities[identity] = [identity]
        return identities[identity] ?? [identity]
    }

    /// Only ASCII: of other texts some are equal that have different bytes.
    private mutating func share(_ text: String) -> String {
        guard text.utf8.count > Self.inlineBytes, text.utf8.allSatisfy({ $0 < 0x80 }) else { return text }
        return Self.share(text, in: &texts)
    }

    private static func share<Value>(_ value: Value, in values: inout Set<Value>) -> Value {
        if values.count >= limit { values = [] }
        return values.insert(value).memberAfterInsert
    }
}
