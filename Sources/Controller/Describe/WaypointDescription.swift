import Mesh

/// A waypoint: a Gateway, what runs for it and what is bound to it.
package struct WaypointDescription: Codable, Hashable, Sendable {
    package struct Pod: Codable, Hashable, Sendable {
        package let name: String
        package let node: String
        package let ready: Bool
    }

    package let namespace: String
    package let name: String
    package let className: String
    /// Whether this mesh runs it.
    package let owned: Bool
    /// `service`, `workload`, `all` or `none`: what may be bound to it.
    package let traffic: String
    package let ready: Bool
    package let addresses: [String]
    package let pods: [Pod]
    package let proxies: [ProxyDescription]
    /// `namespace/name` of Services whose connections go through it.
    package let services: [String]
    /// The same of pods.
    package let workloads: [String]
    /// Those whose label asks for it.
    package let namespaces: [String]
    package let conditions: [PolicyDescription.Condition]

    init(_ gateway: Kubernetes.Gateway, in view: MeshView) {
        let key = gateway.metadata.key
        let model = view.model
        let status = view.status(of: gateway)
        namespace = key.namespace
        name = key.name
        className = gateway.className
        owned = status != nil
        traffic =
            gateway.metadata.labels[MeshLabel.waypointFor]
            ?? model.gatewayClasses[gateway.className]?.metadata.labels[MeshLabel.waypointFor]
            ?? WaypointBinding.Traffic.service.rawValue
        ready = view.isReady(key)
        addresses = (status?.addresses ?? gateway.statusAddresses).map(\.value)
        pods = model.pods(in: key.namespace).sorted { $0.sortsBefore($1) }.compactMap { model.pods[$0] }
            .filter { $0.metadata.labels[MeshLabel.gatewayName] == key.name }
            .map { Pod(name: $0.metadata.name, node: $0.spec.nodeName, ready: $0.status.isReady) }
        proxies = view.proxies.filter { $0.role == .waypoint(key) }.map(view.describe)
        services = view.bound(to: key, model.services.values.map(\.metadata), for: .service)
        workloads = view.bound(to: key, model.pods.values.map(\.metadata), for: .workload)
        namespaces = model.asking(for: key).namespaces.sorted()
        conditions = (status?.conditions ?? []).map(PolicyDescription.Condition.init)
    }
}

extension MeshView {
    /// Gateways that are waypoints, of one namespace or all.
    package func waypoints(in namespace: String?) -> [WaypointDescription] {
        names(of: .gateway, in: namespace).compactMap { reference in
            model.gateways[NamespacedName(namespace: reference.namespace, name: reference.name)]
        }.filter(isWaypoint).map { WaypointDescription($0, in: self) }
    }

    private func isWaypoint(_ gateway: Kubernetes.Gateway) -> Bool {
        [WaypointClass.slipstream, WaypointClass.istio].contains(gateway.className)
    }

    fileprivate func bound(
        to gateway: NamespacedName, _ objects: [Kubernetes.ObjectMeta], for traffic: WaypointBinding.Traffic
    ) -> [String] {
        objects.filter { object in
            guard let binding = model.waypointBinding(of: object, for: traffic, settings) else { return false }
            return binding.isBound && binding.wish.gateway == gateway
        }.map { "\($0.key)" }.sorted()
    }
}
