import Discovery
import Mesh

extension MeshConfiguration {
    /// Any configuration that a file can hold, its resources sorted by key.
    static func arbitrary(using random: inout DocumentGenerator) -> MeshConfiguration {
        MeshConfiguration(
            workloads: random.list(upTo: 5) { $0.workload() }.uniqued(by: \.uid),
            services: random.list(upTo: 5) { $0.service() }.uniqued(by: \.key.description),
            policies: random.list(upTo: 5) { $0.policy() }.uniqued(by: \.key.description))
    }
}

extension Array {
    fileprivate func uniqued(by key: (Element) -> String) -> [Element] {
        Dictionary(map { (key($0), $0) }) { first, _ in first }.sorted { $0.key < $1.key }.map(\.value)
    }
}

extension DocumentGenerator {
    fileprivate mutating func name() -> String {
        pick(["a", "b", "shop", "cart-1", "x.y", "1", "true", "9_", "Z"])
    }

    fileprivate mutating func text() -> String { .arbitrary(using: &self) }

    fileprivate mutating func port() -> UInt16 { UInt16.random(in: 1...65535, using: &self) }

    fileprivate mutating func address() -> IPAddress {
        chance(2) ? IPAddress(v4: UInt32(truncatingIfNeeded: next())) : IPAddress(v6High: next(), low: next())
    }

    fileprivate mutating func prefix() -> IPPrefix {
        let address = address()
        return IPPrefix(address, length: Int.random(in: 0...address.bitCount, using: &self))!
    }

    fileprivate mutating func key() -> NamespacedName { NamespacedName(namespace: name(), name: name()) }

    fileprivate mutating func gateway() -> GatewayAddress? {
        guard chance(3) else { return nil }
        let destination: GatewayAddress.Destination =
            chance(2) ? .hostname(key()) : .address(NetworkAddress(network: chance(2) ? "" : name(), ip: address()))
        return GatewayAddress(destination: destination, hbonePort: port())
    }

    fileprivate mutating func ports<Value>(_ value: (inout DocumentGenerator) -> Value) -> [UInt16: Value] {
        Dictionary(list(upTo: 3) { ($0.port(), value(&$0)) }) { first, _ in first }
    }

    fileprivate mutating func workload() -> Workload {
        var workload = Workload(uid: text() + name(), name: name(), namespace: name())
        workload.serviceAccount = name()
        workload.trustDomain = pick(["cluster.local", "td", "0"])
        workload.addresses = list(upTo: 2) { $0.address() }
        workload.hostname = text()
        workload.network = text()
        workload.tunnelProtocol = pick([.tcp, .hbone])
        workload.networkMode = pick([.standard, .hostNetwork])
        workload.nativeTunnel = chance(3)
        if chance(3) { workload.applicationTunnel = .init(tunnelProtocol: pick([.none, .proxy]), port: port()) }
        workload.waypoint = gateway()
        workload.networkGateway = gateway()
        workload.node = text()
        workload.workloadName = text()
        workload.workloadType = pick([.deployment, .cronjob, .pod, .job])
        workload.canonicalName = text()
        workload.canonicalRevision = text()
        workload.clusterID = name()
        workload.locality = Locality(region: text(), zone: text(), subzone: text())
        workload.status = pick([.healthy, .unhealthy])
        workload.capacity = UInt32.random(in: 0...3, using: &self)
        workload.services = Dictionary(list(upTo: 2) { random in (random.key(), random.ports { $0.port() }) }) { $1 }
        workload.authorizationPolicies = list(upTo: 2) { $0.key() }
        return workload
    }

    fileprivate mutating func service() -> Service {
        var service = Service(name: name(), namespace: name(), hostname: name())
        service.addresses = list(upTo: 2) { NetworkAddress(network: $0.name(), ip: $0.address()) }
        service.cidrAddresses = list(upTo: 2) { $0.prefix() }
        service.ports = ports { random in
            Service.Port(
                target: random.chance(4) ? 0 : random.port(),
                appProtocol: random.pick([.unknown, .http11, .http2, .grpc, .tcp, .tls]))
        }
        service.subjectAltNames = list(upTo: 2) { $0.text() }
        service.waypoint = gateway()
        if let share = gateway() { service.weightedWaypoints = [.init(destination: share, weight: UInt32(port()))] }
        service.loadBalancing.routingPreference = list(upTo: 3) {
            $0.pick([.region, .zone, .subzone, .node, .network])
        }
        service.loadBalancing.mode = pick([.standard, .strict, .failover, .passthrough])
        service.loadBalancing.healthPolicy = pick([.onlyHealthy, .allowAll])
        service.ipFamilies = pick([.automatic, .ipv4Only, .ipv6Only, .dual])
        service.isCanonical = chance(2)
        service.visibility = pick([.everywhere, .namespace])
        return service
    }

    fileprivate mutating func policy() -> AuthorizationPolicy {
        var policy = AuthorizationPolicy(
            name: name(), namespace: name(), scope: pick([.global, .namespace, .workloadSelector]),
            action: pick([.allow, .deny]),
            rules: list(upTo: 3) { random in
                .init(clauses: random.list(upTo: 2) { random in .init(matches: random.list(upTo: 2) { $0.match() }) })
            })
        policy.isDryRun = chance(4)
        return policy
    }

    private mutating func match() -> AuthorizationPolicy.Match {
        var match = AuthorizationPolicy.Match()
        match.namespaces = list(upTo: 2) { $0.stringMatch() }
        match.notNamespaces = list(upTo: 1) { $0.stringMatch() }
        match.serviceAccounts = list(upTo: 1) { $0.key() }
        match.notServiceAccounts = list(upTo: 1) { $0.key() }
        match.principals = list(upTo: 2) { $0.stringMatch() }
        match.notPrincipals = list(upTo: 1) { $0.stringMatch() }
        match.sourceIPs = list(upTo: 2) { $0.prefix() }
        match.notSourceIPs = list(upTo: 1) { $0.prefix() }
        match.destinationIPs = list(upTo: 1) { $0.prefix() }
        match.notDestinationIPs = list(upTo: 1) { $0.prefix() }
        match.destinationPorts = list(upTo: 2) { $0.port() }
        match.notDestinationPorts = list(upTo: 1) { $0.port() }
        return match
    }

    private mutating func stringMatch() -> AuthorizationPolicy.StringMatch {
        let text = text()
        return pick([.exact(text), .prefix(text), .suffix(text), .presence])
    }
}
