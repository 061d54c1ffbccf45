package import Mesh

/// Where the connections to an object that asks for a waypoint go, and what is wrong with its wish.
package struct WaypointBinding: Hashable, Sendable {
    /// By the published names of condition reasons.
    package enum Fault: String, Hashable, Sendable {
        case waypointIsNotReady = "WaypointIsNotReady"
        case attachmentDenied = "AttachmentDenied"
        case unsupportedTrafficType = "UnsupportedTrafficType"
        case canaryInvalidWeight = "CanaryInvalidWeight"
        case canarySameAsPrimary = "CanarySameAsPrimary"
    }

    /// What is bound: a Service's virtual addresses, or a pod's own.
    package enum Traffic: String, Hashable, Sendable { case service, workload }

    package let wish: WaypointWish
    /// Nil when connections go straight to the object.
    package var address: GatewayAddress?
    /// Shares of the primary and of a canary; empty when all go to `address`.
    package var shares: [WeightedWaypoint] = []
    package var fault: Fault?

    init(wish: WaypointWish) { self.wish = wish }

    /// Whether the waypoint that was asked for takes the connections.
    package var isBound: Bool { address != nil && (fault == nil || isFaultOfCanary) }

    private var isFaultOfCanary: Bool { fault == .canaryInvalidWeight || fault == .canarySameAsPrimary }
}

/// Finds the waypoints of objects.
///
/// A wish that cannot be met is not forgotten: unless the mesh's settings let waypoints fail open, connections go to the name
/// that the waypoint would have, and whoever resolves it refuses them.
struct WaypointResolution {
    typealias Traffic = WaypointBinding.Traffic

    let model: MeshModel
    let settings: MeshSettings

    /// Nil for what asks for none, and for what is a waypoint or a gateway itself.
    func binding(of object: Kubernetes.ObjectMeta, for traffic: Traffic) -> WaypointBinding? {
        guard !Self.isGateway(object),
            let wish = WaypointWish(of: object, in: model.namespaces[object.namespace])
        else { return nil }
        var binding = WaypointBinding(wish: wish)
        let found = find(wish.gateway, for: traffic, in: object.namespace)
        // What a namespace says is for those that it suits.
        if found.fault == .unsupportedTrafficType, !wish.isOwn { return nil }
        (binding.address, binding.fault) = found
        if binding.isBound, traffic == .service { addCanary(to: &binding, namespace: object.namespace) }
        return binding
    }

    private func addCanary(to binding: inout WaypointBinding, namespace: String) {
        guard let canary = binding.wish.canary, let primary = binding.address else { return }
        guard canary != binding.wish.gateway else { return binding.fault = .canarySameAsPrimary }
        guard let weight = binding.wish.canaryWeight else { return binding.fault = .canaryInvalidWeight }
        let found = find(canary, for: .service, in: namespace)
        // All connections stay with the primary when the canary cannot have its share.
        guard weight > 0, found.fault == nil, let address = found.address else { return }
        binding.shares = [
            WeightedWaypoint(destination: primary, weight: 100 - weight),
            WeightedWaypoint(destination: address, weight: weight),
        ].filter { $0.weight > 0 }
    }

    private func find(
        _ key: NamespacedName, for traffic: Traffic, in namespace: String
    ) -> (address: GatewayAddress?, fault: WaypointBinding.Fault?) {
        let unmet = mayFailOpen ? nil : GatewayAddress(destination: .hostname(settings.waypointHost(key)))
        guard let gateway = model.gateways[key], let address = address(of: gateway) else {
            return (unmet, .waypointIsNotReady)
        }
        guard takes(traffic, gateway) else { return (nil, .unsupportedTrafficType) }
        guard admits(namespace, gateway) else { return (unmet, .attachmentDenied) }
        return (address, nil)
    }

    private var mayFailOpen: Bool { model.meshConfig(in: settings.rootNamespace)?.waypointsMayFailOpen ?? false }

    /// That of our own is known before it is ready. Of others a host name is better than an IP address.
    private func address(of gateway: Kubernetes.Gateway) -> GatewayAddress? {
        if model.owns(gateway, settings) {
            return GatewayAddress(destination: .hostname(settings.waypointHost(gateway.serviceKey)))
        }
        let addresses = gateway.statusAddresses
        if let host = addresses.first(where: { $0.type == .hostname && !$0.value.isEmpty }) {
            let key = NamespacedName(namespace: gateway.metadata.namespace, name: host.value)
            return GatewayAddress(destination: .hostname(serviceKey(ofHost: key)))
        }
        let ip = addresses.lazy.filter { $0.type == .ipAddress }.compactMap { IPAddress($0.value) }.first
        return ip.map { GatewayAddress(destination: .address(NetworkAddress(network: settings.network, ip: $0))) }
    }

    /// The namespace is part of a cluster's host names; others stand for services of the Gateway's own.
    private func serviceKey(ofHost host: NamespacedName) -> NamespacedName {
        let suffix = ".svc.\(settings.clusterDomain)"
        guard host.name.hasSuffix(suffix) else { return host }
        let parts = host.name.dropLast(suffix.count).split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].isEmpty else { return host }
        return NamespacedName(namespace: String(parts[1]), name: host.name)
    }

    private func takes(_ traffic: Traffic, _ gateway: Kubernetes.Gateway) -> Bool {
        let gatewayClass = model.gatewayClasses[gateway.className]
        let wanted =
            gateway.metadata.labels[MeshLabel.waypointFor] ?? gatewayClass?.metadata.labels[MeshLabel.waypointFor]
        return wanted == "all" || (wanted ?? Traffic.service.rawValue) == traffic.rawValue
    }

    private func admits(_ namespace: String, _ gateway: Kubernetes.Gateway) -> Bool {
        switch gateway.meshListener?.allowedNamespaces ?? .same {
        case .all: true
        case .none: false
        case .same: namespace == gateway.metadata.namespace
        case .selector(let selector): selector.matches(model.namespaces[namespace]?.metadata.labels ?? [:])
        }
    }

    private static func isGateway(_ object: Kubernetes.ObjectMeta) -> Bool {
        ["istio.io-mesh-controller", "istio.io-eastwest-controller"].contains(object.labels[MeshLabel.managed] ?? "")
    }
}

extension Kubernetes.Gateway {
    /// The port of the listener that takes tunnels.
    package static let hbonePort: UInt16 = 15008

    /// The listener that says who may be bound: that of the inbound binding, else the one for tunnels.
    var meshListener: Listener? {
        let binding = metadata.annotations[MeshAnnotation.inboundBinding]?.split(separator: "/") ?? []
        let port = binding.count == 2 ? UInt16(binding[1]) : nil
        return listeners.first { $0.port == port }
            ?? listeners.first { $0.protocolName == "HBONE" && $0.port == Self.hbonePort }
    }

    /// The Service that is made for it.
    package var serviceKey: NamespacedName {
        let name = metadata.annotations[MeshAnnotation.nameOverride].flatMap { $0.isEmpty ? nil : $0 }
        return NamespacedName(namespace: metadata.namespace, name: name ?? metadata.name)
    }
}

extension MeshModel {
    /// Nil for what asks for no waypoint.
    package func waypointBinding(
        of object: Kubernetes.ObjectMeta, for traffic: WaypointBinding.Traffic, _ settings: MeshSettings
    ) -> WaypointBinding? {
        WaypointResolution(model: self, settings: settings).binding(of: object, for: traffic)
    }

    /// Whether a Gateway is a waypoint that this mesh runs.
    func owns(_ gateway: Kubernetes.Gateway, _ settings: MeshSettings) -> Bool {
        // A Hostname among the wanted addresses says that somebody runs it already.
        guard !gateway.addresses.contains(where: { $0.type == .hostname }) else { return false }
        switch gateway.className {
        case WaypointClass.slipstream: return true
        case WaypointClass.istio: return meshConfig(in: settings.rootNamespace)?.ownsIstioWaypoints ?? false
        default: return false
        }
    }

    /// The settings that count.
    func meshConfig(in rootNamespace: String) -> Kubernetes.MeshConfig? {
        meshConfigs[NamespacedName(namespace: rootNamespace, name: Kubernetes.MeshConfig.countingName)]
    }
}

package enum WaypointClass {
    package static let slipstream = "slipstream-waypoint"
    /// Only when the mesh's settings say that these are ours.
    package static let istio = "istio-waypoint"
}

extension MeshSettings {
    func waypointHost(_ gateway: NamespacedName) -> NamespacedName {
        NamespacedName(namespace: gateway.namespace, name: hostname(ofService: gateway))
    }
}
