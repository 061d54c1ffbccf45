/// One thing that a control plane tells of, or takes back, on its own.
package enum MeshResource: Hashable, Sendable {
    case workload(Workload)
    case service(Service)
    case policy(AuthorizationPolicy)

    /// Its key on the wire: a workload's uid, `namespace/hostname` of a service, `namespace/name` of a policy.
    package var name: String {
        switch self {
        case .workload(let workload): return workload.uid
        case .service(let service): return service.key.description
        case .policy(let policy): return policy.key.description
        }
    }

    /// Other names under which a client may ask for it: `network/ip` of a workload or a service.
    package var aliases: [String] {
        switch self {
        case .workload(let workload):
            guard workload.networkMode != .hostNetwork else { return [] }
            return workload.addresses.map { NetworkAddress(network: workload.network, ip: $0).description }
        case .service(let service): return service.addresses.map(\.description)
        case .policy: return []
        }
    }
}
