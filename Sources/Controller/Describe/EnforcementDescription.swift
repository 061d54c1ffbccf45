/// Where the present content of an object is in force.
package struct EnforcementDescription: Codable, Hashable, Sendable {
    package struct Laggard: Codable, Hashable, Sendable {
        package let name: String
        package let node: String
        package let reason: String
    }

    /// `Kind namespace/name`.
    package let object: String
    package let version: String
    package let enforced: Bool
    /// Why it is in force nowhere, whatever proxies say.
    package let obstacle: String?
    package let enforcing: Int
    package let acknowledging: Int
    package let total: Int
    package let laggards: [Laggard]

    package init(_ reference: ObjectReference, _ verdict: EnforcementVerdict) {
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
