import Testing

@testable import Mesh

/// Sequences of changes, each seed its own; the snapshot after each step is that of building from scratch.
struct ConfigurationStateDifferentialTests {
    @Test(arguments: 0..<20)
    func `after any changes the snapshot is the one made at once of what is left`(seed: Int) throws {
        var world = ChangingMesh(random: SeededRandom(seed: UInt64(seed)))
        var state = ConfigurationState()
        state.apply(.init(.addresses))
        state.apply(.init(.policies))
        for step in 0..<40 {
            state.apply(world.change())
            let snapshot = try #require(state.snapshot)
            let reference = Snapshot(world.configuration)
            #expect(snapshot.configuration == reference.configuration, "seed \(seed), step \(step)")
            #expect(
                world.observations(of: snapshot) == world.observations(of: reference), "seed \(seed), step \(step)")
        }
    }

    @Test(arguments: [1, 127, 128, 129, 1000])
    func `a service of many endpoints gives each the share of its capacity, whatever came and went`(count: Int) {
        var random = SeededRandom(seed: UInt64(count))
        var list = WorkloadList()
        var kept: [String: WorkloadEntry] = [:]
        for step in 0..<(4 * count) {
            let uid = "u\(Int.random(in: 0..<count, using: &random))"
            if step % 3 == 2 {
                list.remove(uid: uid)
                kept[uid] = nil
            } else {
                var workload = Workload(uid: uid, name: uid, namespace: "shop")
                workload.capacity = UInt32.random(in: 0...3, using: &random)
                kept[uid] = WorkloadEntry(workload)
                list.put(kept[uid]!)
            }
        }
        let expected = kept.values.sorted { $0.workload.uid < $1.workload.uid }
        #expect(Array(list).map(\.workload) == expected.map(\.workload) && list.count == expected.count)
        let places = expected.flatMap { Array(repeating: $0.workload.uid, count: Int($0.workload.capacity)) }
        #expect((0..<list.capacity).map { list.entry(atCapacity: $0).workload.uid } == places)
    }
}

/// A small mesh in which everything collides: names, addresses, hostnames, services, policies.
private struct ChangingMesh {
    var random: SeededRandom
    private var workloads: [String: Workload] = [:]
    private var services: [NamespacedName: Service] = [:]
    private var policies: [NamespacedName: AuthorizationPolicy] = [:]

    private static let namespaces = ["a", "b"]
    private static let addresses = (1...4).map { NetworkAddress(ip: IPAddress("10.0.0.\($0)")!) }
    private static let uids = (0..<8).map { "Kubernetes//\($0 % 2 == 0 ? "Pod" : "Entry")/\($0)" }
    private static let hostnames = ["x", "y", "z"]
    private static let prefixes = ["10.0.0.0/24", "10.0.0.0/30", "10.0.0.4/32"].map { IPPrefix($0)! }

    init(random: SeededRandom) { self.random = random }

    var configuration: MeshConfiguration {
        MeshConfiguration(
            workloads: Array(workloads.values), services: Array(services.values), policies: Array(policies.values))
    }

    // MARK: Changes

    mutating func change() -> ConfigurationState.Update {
        var update = ConfigurationState.Update(Bool.random(using: &random) ? .addresses : .policies)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            switch (update.kind, Int.random(in: 0...4, using: &random)) {
            case (.addresses, 0): remove(workload(), &update)
            case (.addresses, 1): put(service(), &update)
            case (.addresses, 2): remove(service(), &update)
            case (.addresses, _): put(workload(), &update)
            case (.policies, 0...1): remove(policy(), &update)
            case (.policies, _): put(policy(), &update)
            }
        }
        return update
    }

    /// What comes counts after what goes: one that is in both is there.
    private mutating func put(_ value: MeshResource, _ update: inout ConfigurationState.Update) {
        update.resources.append(value)
        switch value {
        case .workload(let workload): workloads[workload.uid] = workload
        case .service(let service): services[service.key] = service
        case .policy(let policy): policies[policy.key] = policy
        }
    }

    private mutating func remove(_ value: MeshResource, _ update: inout ConfigurationState.Update) {
        guard !update.resources.contains(where: { $0.name == value.name }) else { return }
        update.removed.append(value.name)
        switch value {
        case .workload(let workload): workloads[workload.uid] = nil
        case .service(let service): services[service.key] = nil
        case .policy(let policy): policies[policy.key] = nil
        }
    }

    private mutating func pick<Value>(_ values: [Value]) -> Value { values.randomElement(using: &random)! }
    private mutating func some<Value>(_ values: [Value]) -> [Value] {
        values.filter { _ in Int.random(in: 0..<3, using: &random) == 0 }
    }

    private mutating func workload() -> MeshResource {
        var workload = Workload(uid: pick(Self.uids), name: pick(["p", "q"]), namespace: pick(Self.namespaces))
        workload.addresses = some(Self.addresses).map(\.ip)
        workload.hostname = pick(["", "h"])
        workload.networkMode = pick([.standard, .standard, .hostNetwork])
        workload.tunnelProtocol = pick([.tcp, .hbone])
        workload.status = pick([.healthy, .healthy, .unhealthy])
        workload.capacity = pick([0, 1, 2])
        workload.services = Dictionary(uniqueKeysWithValues: some(keys).map { ($0, [80: pick([8080, 9090])]) })
        workload.authorizationPolicies = some(policyKeys)
        return .workload(workload)
    }

    private var keys: [NamespacedName] {
        Self.namespaces.flatMap { namespace in
            Self.hostnames.map { NamespacedName(namespace: namespace, name: $0) }
        }
    }

    private var policyKeys: [NamespacedName] {
        Self.namespaces.flatMap { namespace in ["k", "l"].map { NamespacedName(namespace: namespace, name: $0) } }
    }

    private mutating func service() -> MeshResource {
        let key = pick(keys)
        var service = Service(name: "s", namespace: key.namespace, hostname: key.name)
        service.addresses = some(Self.addresses)
        service.cidrAddresses = some(Self.prefixes)
        service.ports = [80: .init(target: 8080)]
        service.isCanonical = Bool.random(using: &random)
        service.visibility = pick([.everywhere, .namespace])
        service.loadBalancing.healthPolicy = pick([.onlyHealthy, .allowAll])
        return .service(service)
    }

    private mutating func policy() -> MeshResource {
        let key = pick(policyKeys)
        var match = AuthorizationPolicy.Match()
        match.namespaces = [.exact(pick(Self.namespaces))]
        return .policy(
            AuthorizationPolicy(
                name: key.name, namespace: key.namespace, scope: pick([.global, .namespace, .workloadSelector]),
                action: pick([.allow, .deny]), rules: [.init(clauses: [.init(matches: [match])])]))
    }

    // MARK: What can be seen

    /// The answer to each question that there is.
    func observations(of snapshot: Snapshot) -> [String] {
        var seen: [String] = []
        for uid in Self.uids { seen.append("\(uid): \(describe(snapshot.workload(uid: uid), in: snapshot))") }
        for name in ["p", "q"].flatMap({ name in Self.namespaces.map { NamespacedName(namespace: $0, name: name) } }) {
            seen.append("\(name): \(describe(snapshot.workload(named: name), in: snapshot))")
        }
        seen.append("h: \(describe(snapshot.workload(hostname: "h"), in: snapshot))")
        for address in Self.addresses {
            seen.append("\(address): \(describe(snapshot.workload(at: address.ip), in: snapshot))")
            for namespace in ["a", "b", "c"] {
                seen.append("\(address): \(describe(snapshot.service(at: address.ip, from: namespace)))")
            }
        }
        for name in Self.hostnames { seen.append("\(name): \(describe(snapshot.service(hostname: name, from: "c")))") }
        for key in keys { seen.append("\(key): \(describe(snapshot.service(key)))") }
        return seen
    }

    private func describe(_ entry: WorkloadEntry?, in snapshot: Snapshot) -> String {
        guard let entry else { return "nobody" }
        let policies = snapshot.policies(of: entry)
        let decisions = (["a", "b"] + [nil]).map { namespace in
            policies.decide(
                ConnectionAttributes(
                    source: IPAddress("10.9.9.9")!,
                    sourceIdentity: namespace.map {
                        SPIFFEIdentity(trustDomain: "td", namespace: $0, serviceAccount: "s")
                    },
                    destination: SocketAddress("10.0.0.1:80")!))
        }
        return "\(entry.workload.uid) \(entry.identity) \(decisions)"
    }

    private func describe(_ entry: ServiceEntry?) -> String {
        guard let entry else { return "none" }
        let endpoints = entry.endpoints.map { "\($0.entry.workload.uid) \($0.ports)" }
        let places = (0..<entry.endpoints.capacity).map { entry.endpoints.endpoint(atCapacity: $0).entry.workload.uid }
        return "\(entry.service.key) \(endpoints) \(places)"
    }
}
