import Mesh

/// Endpoints that are no pods → Workloads: addresses that somebody wrote into an EndpointSlice.
///
/// Nothing is known of who they are, so they have no identity, no policies and no place, and, as their addresses may be
/// anybody's, are not found by address.
struct EndpointTranslation {
    let model: MeshModel
    let settings: MeshSettings

    func workloads(for slice: Kubernetes.EndpointSlice) -> [Workload] {
        let membership = ServiceMembership(model: model, settings: settings)
        guard slice.addressType != .fqdn, let service = membership.service(of: slice) else { return [] }
        let ports = ServiceMembership.ports(of: service, in: slice)
        let services = [membership.key(of: service): ports]
        var seen = Set<IPAddress>()
        return slice.endpoints.filter { $0.podName == nil }.flatMap { endpoint in
            endpoint.addresses.compactMap(IPAddress.init).filter { seen.insert($0).inserted }.map { address in
                workload(at: address, endpoint, in: slice, services)
            }
        }
    }

    private func workload(
        at address: IPAddress, _ endpoint: Kubernetes.EndpointSlice.Endpoint, in slice: Kubernetes.EndpointSlice,
        _ services: [NamespacedName: [UInt16: UInt16]]
    ) -> Workload {
        let key = slice.metadata.key
        var workload = Workload(
            uid: "\(settings.clusterID)/discovery.k8s.io/EndpointSlice/\(key)/\(address)", name: key.name,
            namespace: key.namespace)
        workload.trustDomain = settings.trustDomain
        workload.clusterID = settings.clusterID
        workload.network = settings.network
        workload.addresses = [address]
        workload.networkMode = .hostNetwork
        workload.node = endpoint.nodeName
        workload.status = endpoint.isReady ?? true ? .healthy : .unhealthy
        workload.services = services
        return workload
    }
}
