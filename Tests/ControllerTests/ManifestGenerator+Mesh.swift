import Controller
import Discovery
import Mesh

/// Objects of the mesh's own kinds and those of Gateway API.
extension ManifestGenerator {
    mutating func meshObject() -> KubernetesObject {
        switch Int.random(in: 0..<9, using: &self) {
        case 0, 1, 2: return .gateway(gateway())
        case 3: return .gatewayClass(.init(metadata: plainMetadata(isNamespaced: false), controllerName: "x/y"))
        case 4: return .serviceEntry(serviceEntry())
        case 5: return .workloadEntry(.init(metadata: metadata(), endpoint: endpoint()))
        case 6: return .referenceGrant(referenceGrant())
        case 7: return .meshConfig(meshConfig())
        default: return .httpRoute(route())
        }
    }

    /// Labels and annotations that bind an object to a waypoint.
    mutating func bind(_ metadata: inout Kubernetes.ObjectMeta) {
        if chance(2) { metadata.labels["istio.io/use-waypoint"] = pick(["a", "b", "none", "missing"]) }
        if chance(4) { metadata.labels["istio.io/use-waypoint-namespace"] = pick(["shop", "other"]) }
        if chance(4) {
            metadata.labels["istio.io/use-waypoint-canary"] = pick(["a", "b", "c"])
            metadata.annotations["istio.io/use-waypoint-canary-weight"] = pick(["0", "30", "100", "x"])
        }
    }

    private mutating func plainMetadata(isNamespaced: Bool = true) -> Kubernetes.ObjectMeta {
        var metadata = metadata(isNamespaced: isNamespaced)
        metadata.name = pick(["a", "b", "c"])
        return metadata
    }

    private mutating func gateway() -> Kubernetes.Gateway {
        var gateway = Kubernetes.Gateway(
            metadata: metadata(),
            className: pick(["slipstream-waypoint", "slipstream-waypoint", "istio-waypoint", "x"]))
        if chance(2) {
            gateway.metadata.labels["istio.io/waypoint-for"] = pick(["all", "workload", "none", "service"])
        }
        var listener = Kubernetes.Gateway.Listener(name: "mesh", port: 15008, protocolName: "HBONE")
        listener.allowedNamespaces = pick([
            .all, .same, .none, .selector(.init(requirements: [.init(key: "tier", operation: .exists)])),
        ])
        if chance(3) { listener.kinds = [.init(group: "gateway.networking.k8s.io", kind: "HTTPRoute")] }
        gateway.listeners = [listener]
        if !chance(4) {
            gateway.statusAddresses = [
                pick([
                    .init(type: .hostname, value: "a.shop.svc.cluster.local"),
                    .init(type: .ipAddress, value: "10.96.7.7"), .init(type: .other("x/y"), value: "z"),
                ])
            ]
        }
        if chance(3) { gateway.infrastructureLabels = labels() }
        if chance(3) { gateway.parameters = "config" }
        return gateway
    }

    private mutating func endpoint() -> Kubernetes.WorkloadEndpoint {
        var endpoint = Kubernetes.WorkloadEndpoint()
        endpoint.address = pick([
            .ip(IPAddress(v4: UInt32(truncatingIfNeeded: next()))), .hostname("vm.example.com"), .socket("/run/x"),
        ])
        if chance(2) { endpoint.ports = ["http": port()] }
        endpoint.labels = labels()
        endpoint.locality = pick(["", "a/b/c", "a"])
        endpoint.network = pick(["", "", "far"])
        endpoint.weight = UInt32.random(in: 0...3, using: &self)
        endpoint.serviceAccount = pick(["", "a"])
        return endpoint
    }

    private mutating func serviceEntry() -> Kubernetes.ServiceEntry {
        var entry = Kubernetes.ServiceEntry(metadata: metadata())
        entry.hosts = pick([
            ["api.example.com"], ["*.example.com"], ["a.shop.svc.cluster.local"], ["x.example.com", "y.example.com"],
        ])
        if chance(3), let prefix = IPPrefix("10.1.0.0/16") { entry.addresses = [prefix] }
        if chance(3), let address = IPAddress("240.240.0.9") {
            entry.allocatedAddresses = [.init(value: address, host: entry.hosts[0])]
        }
        for (index, name) in ["http", "tls"].enumerated() where index == 0 || chance(2) {
            var port = Kubernetes.ServiceEntry.Port(name: name, number: UInt16(80 + index))
            port.protocolName = name.uppercased()
            port.targetPort = pick([0, 8080])
            entry.ports.append(port)
        }
        entry.location = pick([.external, .internal])
        entry.resolution = pick([.none, .fixed, .dns, .dynamicDNS])
        if chance(3) {
            entry.selector = labels()
        } else if entry.resolution != .none {
            entry.endpoints = list(0...2) { $0.endpoint() }
        }
        entry.exportTo = pick([[], ["."]])
        return entry
    }

    private mutating func referenceGrant() -> Kubernetes.ReferenceGrant {
        var grant = Kubernetes.ReferenceGrant(metadata: metadata())
        grant.from = [.init(group: "gateway.networking.k8s.io", kind: "HTTPRoute", namespace: pick(["shop", "other"]))]
        grant.to = [.init(group: "", kind: "Service", name: pick(["", "a"]))]
        return grant
    }

    private mutating func meshConfig() -> Kubernetes.MeshConfig {
        var config = Kubernetes.MeshConfig(metadata: .init(name: "default", namespace: "slipstream-system"))
        if chance(3) { config.trustDomainAliases = ["old.example.com"] }
        config.ownsIstioWaypoints = chance(2)
        if chance(2) {
            config.serviceEntryVisibility = [
                .init(namespaces: .init(matchLabels: labels()), visibility: pick([.everywhere, .namespace, .none]))
            ]
        }
        return config
    }

    private mutating func route() -> Kubernetes.Route {
        let weight = Int.random(in: 0...9, using: &self)
        let spec = YAMLNode.fields([
            "parentRefs": .list([
                .fields(["kind": .text(pick(["Service", "Gateway"])), "name": .text(pick(["a", "b"]))])
            ]),
            "rules": .list([
                .fields([
                    "backendRefs": .list([
                        .fields(["name": .text("a"), "port": .literal(80), "weight": .literal(weight)])
                    ])
                ])
            ]),
        ])
        do {
            return try Kubernetes.Route(metadata: metadata(), form: .http, spec: spec)
        } catch {
            preconditionFailure("\(error)")
        }
    }
}
