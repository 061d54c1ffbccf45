package import HBONE
package import Mesh
import Reactor

/// What this proxy knows and does at the moment, in the form that `istioctl ztunnel-config` reads.
package struct ConfigDump {
    package var snapshot: Snapshot?
    package var certificates: [Credential] = []
    package var pods: [PodIdentity] = []
    /// One of each worker.
    package var workers: [WorkerState] = []
    package var nodeName = ""
    package var version = ""

    package init() {}

    package var json: [UInt8] {
        let mesh = snapshot?.configuration ?? MeshConfiguration()
        var writer = JSONWriter()
        writer.object { writer in
            writer.list("workloads", mesh.workloads.sorted { $0.uid < $1.uid }) { $0.write($1) }
            writer.list("services", mesh.services.sorted { $0.key.description < $1.key.description }) {
                writer, service in
                writer.write(service, endpoints: snapshot?.service(service.key).map { Array($0.endpoints) } ?? [])
            }
            writer.list("policies", mesh.policies.sorted { $0.key.description < $1.key.description }) { $0.write($1) }
            writer.field("stagedServices") { _ in }
            writer.field("staticConfig") { _ in }
            writer.field("version") { $0.field("version", version) }
            writer.field("config") { $0.field("localNode", nodeName) }
            writer.list("certificates", certificates.sorted { $0.identity.description < $1.identity.description }) {
                $0.write($1)
            }
            writer.field("workloadState", write)
        }
        return writer.bytes
    }

    private func write(_ writer: inout JSONWriter) {
        for pod in pods.sorted(by: { $0.uid < $1.uid }) {
            let isUp = !workers.isEmpty && workers.allSatisfy { $0.connections[pod.uid] != nil }
            let connections = workers.flatMap { $0.connections[pod.uid] ?? [] }
            writer.field(pod.uid) { writer in
                writer.field("state", isUp ? "Up" : "Pending")
                writer.field("connections") { writer in
                    for direction in [ConnectionFacts.Direction.inbound, .outbound] {
                        writer.list(direction.rawValue, connections.filter { $0.direction == direction }) {
                            $0.write($1)
                        }
                    }
                }
                writer.field("info") { writer in
                    writer.field("name", pod.name)
                    writer.field("namespace", pod.namespace)
                    writer.field("serviceAccount", pod.serviceAccount)
                }
            }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func list<Element>(
        _ name: String, _ elements: [Element], _ body: (inout JSONWriter, Element) -> Void
    ) {
        key(name)
        array(elements, body)
    }

    // MARK: Workloads

    fileprivate mutating func write(_ workload: Workload) {
        object { writer in
            writer.field("uid", workload.uid)
            writer.field("name", workload.name)
            writer.field("namespace", workload.namespace)
            writer.field("serviceAccount", workload.serviceAccount)
            writer.field("trustDomain", workload.trustDomain)
            writer.field("workloadIps", texts: workload.addresses.map(\.description))
            writer.field("hostname", workload.hostname)
            writer.field("network", workload.network)
            writer.field("protocol", workload.tunnelProtocol.rawValue)
            writer.field("networkMode", workload.networkMode.rawValue)
            writer.field("nativeTunnel", workload.nativeTunnel)
            writer.field("node", workload.node)
            writer.field("workloadName", workload.workloadName)
            writer.field("workloadType", workload.workloadType.rawValue)
            writer.field("canonicalName", workload.canonicalName)
            writer.field("canonicalRevision", workload.canonicalRevision)
            writer.field("clusterId", workload.clusterID)
            writer.field("status", workload.status.rawValue)
            writer.field("capacity", workload.capacity)
            writer.field("authorizationPolicies", texts: workload.authorizationPolicies.map(\.description))
            writer.field("locality") { $0.write(workload.locality) }
            writer.field("services") { $0.write(workload.services) }
            writer.writeGateways(workload)
        }
    }

    private mutating func writeGateways(_ workload: Workload) {
        if let waypoint = workload.waypoint { field("waypoint") { $0.write(waypoint) } }
        if let gateway = workload.networkGateway { field("networkGateway") { $0.write(gateway) } }
        guard let tunnel = workload.applicationTunnel else { return }
        field("applicationTunnel") { writer in
            writer.field("protocol", tunnel.tunnelProtocol.rawValue)
            writer.field("port", tunnel.port)
        }
    }

    private mutating func write(_ locality: Locality) {
        field("region", locality.region)
        field("zone", locality.zone)
        field("subzone", locality.subzone)
    }

    private mutating func write(_ services: [NamespacedName: [UInt16: UInt16]]) {
        for (key, ports) in services.sorted(by: { $0.key.description < $1.key.description }) {
            field(key.description) { $0.write(ports) }
        }
    }

    private mutating func write(_ ports: [UInt16: UInt16]) {
        for (port, target) in ports.sorted(by: { $0.key < $1.key }) { field("\(port)", target) }
    }

    private mutating func write(_ gateway: GatewayAddress) {
        switch gateway.destination {
        case .address(let address): field("destination", address.description)
        case .hostname(let key): field("destination", key.description)
        }
        field("hboneMtlsPort", gateway.hbonePort)
    }

    // MARK: Services

    fileprivate mutating func write(_ service: Service, endpoints: [Endpoint]) {
        object { writer in
            writer.field("name", service.name)
            writer.field("namespace", service.namespace)
            writer.field("hostname", service.hostname)
            writer.field("vips", texts: service.addresses.map(\.description))
            writer.field("cidrVips", texts: service.cidrAddresses.map(\.description))
            writer.field("ports") { $0.write(service.ports.mapValues(\.target)) }
            writer.field("endpoints") { $0.write(endpoints) }
            writer.field("subjectAltNames", texts: service.subjectAltNames)
            writer.field("loadBalancer") { $0.write(service.loadBalancing) }
            writer.field("ipFamilies", service.ipFamilies.rawValue)
            writer.field("canonical", service.isCanonical)
            writer.field("visibility", service.visibility.rawValue)
            if let waypoint = service.waypoint { writer.field("waypoint") { $0.write(waypoint) } }
        }
    }

    private mutating func write(_ endpoints: [Endpoint]) {
        for endpoint in endpoints {
            let workload = endpoint.entry.workload
            field(workload.uid) { writer in
                writer.field("workloadUid", workload.uid)
                writer.field("port") { $0.write(endpoint.ports) }
                writer.field("status", workload.status.rawValue)
            }
        }
    }

    private mutating func write(_ balancing: LoadBalancing) {
        field("routingPreferences", texts: balancing.routingPreference.map(\.rawValue))
        field("mode", balancing.mode.rawValue)
        field("healthPolicy", balancing.healthPolicy.rawValue)
    }

    // MARK: Policies

    fileprivate mutating func write(_ policy: AuthorizationPolicy) {
        object { writer in
            writer.field("name", policy.name)
            writer.field("namespace", policy.namespace)
            writer.field("scope", policy.scope.rawValue)
            writer.field("action", policy.action.rawValue)
            writer.field("dryRun", policy.isDryRun)
            writer.list("rules", policy.rules) { writer, rule in
                writer.array(rule.clauses) { writer, clause in writer.array(clause.matches) { $0.write($1) } }
            }
        }
    }

    private mutating func write(_ match: AuthorizationPolicy.Match) {
        object { writer in
            writer.write("namespaces", match.namespaces)
            writer.write("notNamespaces", match.notNamespaces)
            writer.write("serviceAccounts", match.serviceAccounts)
            writer.write("notServiceAccounts", match.notServiceAccounts)
            writer.write("principals", match.principals)
            writer.write("notPrincipals", match.notPrincipals)
            writer.write("sourceIps", match.sourceIPs)
            writer.write("notSourceIps", match.notSourceIPs)
            writer.write("destinationIps", match.destinationIPs)
            writer.write("notDestinationIps", match.notDestinationIPs)
            writer.write("destinationPorts", match.destinationPorts)
            writer.write("notDestinationPorts", match.notDestinationPorts)
        }
    }

    private mutating func write(_ name: String, _ matches: [AuthorizationPolicy.StringMatch]) {
        guard !matches.isEmpty else { return }
        list(name, matches) { writer, match in
            writer.object { writer in
                switch match {
                case .exact(let text): writer.field("Exact", text)
                case .prefix(let text): writer.field("Prefix", text)
                case .suffix(let text): writer.field("Suffix", text)
                case .presence: writer.field("Presence", texts: [])
                }
            }
        }
    }

    private mutating func write(_ name: String, _ accounts: [NamespacedName]) {
        guard !accounts.isEmpty else { return }
        list(name, accounts) { writer, account in
            writer.object { writer in
                writer.field("namespace", account.namespace)
                writer.field("serviceAccount", account.name)
            }
        }
    }

    private mutating func write(_ name: String, _ networks: [IPPrefix]) {
        if !networks.isEmpty { field(name, texts: networks.map(\.description)) }
    }

    private mutating func write(_ name: String, _ ports: [UInt16]) {
        if !ports.isEmpty { list(name, ports) { $0.value($1) } }
    }

    // MARK: State

    fileprivate mutating func write(_ connection: OpenConnection) {
        object { writer in
            writer.field("src", connection.source.description)
            writer.field("originalDst", connection.originalDestination.description)
            writer.field("actualDst", (connection.actualDestination ?? connection.originalDestination).description)
            writer.field("protocol", connection.isTunnelled ? "HBONE" : "TCP")
        }
    }

    /// Certificates are public; keys are never written.
    fileprivate mutating func write(_ credential: Credential) {
        object { writer in
            writer.field("identity", credential.identity.description)
            writer.field("state", "Available")
            writer.list("certChain", credential.chain) { writer, der in
                writer.object { writer in
                    writer.field("pem", PEM.certificate(der).base64)
                    guard der == credential.chain.first else { return }
                    writer.field("serialNumber", credential.serialNumber)
                    writer.field("validFrom", Self.time(credential.notBefore))
                    writer.field("expirationTime", Self.time(credential.notAfter))
                }
            }
            writer.list("rootCerts", credential.roots.certificates) { writer, der in
                writer.object { $0.field("pem", PEM.certificate(der).base64) }
            }
        }
    }

    private static func time(_ seconds: Int64) -> String {
        var text = ByteText(capacity: 64)
        text.appendTimestamp(seconds: seconds)
        return String(decoding: text.bytes, as: UTF8.self)
    }
}
