package import Mesh

/// The way of connections to a service: straight, or through a waypoint, or through several by their shares.
package struct WaypointRoute: Hashable, Sendable {
    /// A waypoint on the way.
    package struct Gate: Hashable, Sendable {
        package let gateway: NamespacedName
        package let address: GatewayAddress
        /// Whom its proxies run as; empty when that is not known.
        package let accounts: Set<NamespacedName>

        package init(gateway: NamespacedName, address: GatewayAddress, accounts: Set<NamespacedName>) {
            self.gateway = gateway
            self.address = address
            self.accounts = accounts
        }
    }

    /// All that is on the way; the first is the one for all where nobody has a share.
    package let gates: [Gate]
    package let shares: [WeightedWaypoint]

    package static let straight = WaypointRoute(gates: [])

    package init(gates: [Gate], shares: [WeightedWaypoint] = []) {
        self.gates = gates
        self.shares = shares
    }

    package var isStraight: Bool { gates.isEmpty }
}

extension MeshModel {
    /// Nil for what goes straight.
    func waypointRoute(to object: Kubernetes.ObjectMeta, _ settings: MeshSettings) -> WaypointRoute? {
        guard let binding = waypointBinding(of: object, for: .service, settings), let address = binding.address else {
            return nil
        }
        var gates = [gate(binding.wish.gateway, at: address, settings)]
        let others = binding.shares.map(\.destination).filter { $0 != address }
        if let canary = binding.wish.canary {
            gates += others.map { gate(canary, at: $0, settings) }
        }
        return WaypointRoute(gates: gates, shares: binding.shares)
    }

    private func gate(
        _ gateway: NamespacedName, at address: GatewayAddress, _ settings: MeshSettings
    ) -> WaypointRoute.Gate {
        WaypointRoute.Gate(gateway: gateway, address: address, accounts: accounts(ofGateway: gateway, settings))
    }

    /// Of one that is ours, or that is yet to come, by its name; of others, those that their pods have.
    private func accounts(ofGateway key: NamespacedName, _ settings: MeshSettings) -> Set<NamespacedName> {
        guard let gateway = gateways[key] else { return [key] }
        var accounts = Set(
            pods(ofGateway: key).compactMap { pods[$0] }.map {
                NamespacedName(namespace: key.namespace, name: $0.spec.serviceAccountName)
            })
        if owns(gateway, settings) {
            accounts.insert(NamespacedName(namespace: key.namespace, name: gateway.accountName))
        }
        return accounts
    }
}

extension Kubernetes.Gateway {
    /// Whom the pods that are made for it run as.
    var accountName: String {
        metadata.annotations[MeshAnnotation.gatewayServiceAccount].flatMap { $0.isEmpty ? nil : $0 } ?? serviceKey.name
    }
}
