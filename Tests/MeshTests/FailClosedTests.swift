import Testing

@testable import Mesh

/// DESIGN §5.4, on the steps that the product takes: whatever the order in which things arrive, nobody is let in, and no
/// connection stays, whom what has arrived does not let in.
struct FailClosedTests {
    @Test func `nothing is admitted before both types have been answered`() {
        var state = ConfigurationState()
        #expect(state.snapshot == nil && !state.isComplete)
        state.apply(.init(.policies))
        state.apply(.init(.policies))
        #expect(state.snapshot == nil)
        state.apply(.init(.addresses, resources: [.workload(Exploration.workload(0, naming: []))]))
        #expect(state.snapshot != nil && state.isComplete)
    }

    @Test func `a policy that was rejected denies where it applies until a good version comes`() throws {
        for scope in [AuthorizationPolicy.Scope.global, .namespace, .workloadSelector] {
            var state = Exploration.complete(naming: scope == .workloadSelector ? [0] : [])
            let policy = Exploration.policy(0, scope, .allow)
            state.apply(.init(.policies, resources: [.policy(policy)]))
            #expect(try Exploration.admits(state))
            state.apply(.init(.policies, rejected: [.init(name: "shop/p0", scope: scope, action: .deny)]))
            #expect(try !Exploration.admits(state), "\(scope)")
            state.apply(.init(.policies, resources: [.policy(policy)]))
            #expect(try Exploration.admits(state))
        }
    }

    @Test func `a broken policy that allows lets nobody in, and takes nothing from what others allow`() throws {
        var state = Exploration.complete(naming: [])
        state.apply(.init(.policies, rejected: [.init(name: "shop/p0", scope: .namespace, action: .allow)]))
        #expect(try !Exploration.admits(state))
        let other = Exploration.policy(1, .namespace, .allow)
        state.apply(.init(.policies, resources: [.policy(other)]))
        #expect(try Exploration.admits(state))
    }

    @Test func `a policy of which nothing could be read may deny everywhere`() throws {
        var state = Exploration.complete(naming: [])
        state.apply(.init(.policies, rejected: [.init(name: "elsewhere/p")]))
        #expect(try !Exploration.admits(state))
        state.apply(.init(.policies, removed: ["elsewhere/p"]))
        #expect(try Exploration.admits(state))
    }

    @Test func `a policy that breaks is no matter to those to whom it does not apply`() throws {
        for scope in [AuthorizationPolicy.Scope.namespace, .workloadSelector] {
            var state = Exploration.complete(naming: [])
            state.apply(.init(.policies, rejected: [.init(name: "elsewhere/p", scope: scope, action: .deny)]))
            #expect(try Exploration.admits(state), "\(scope)")
        }
    }

    @Test func `a workload that was rejected takes nobody until a good version comes`() throws {
        var state = Exploration.complete(naming: [])
        state.apply(.init(.addresses, rejected: [.init(name: "w0")]))
        #expect(try !Exploration.admits(state))
        state.apply(
            .init(.addresses, resources: [.workload(Exploration.workload(0, naming: []))]))
        #expect(try Exploration.admits(state))
    }

    /// Every sequence of six steps of those that a stream can take with two workloads and two policies.
    @Test func `no order of arrivals admits, or keeps, what the configuration that has arrived denies`() throws {
        var exploration = Exploration()
        try exploration.explore(depth: 6)
        #expect(exploration.visited > 1_000 && exploration.admitted > 100 && exploration.cut > 100)
    }
}

/// All that two workloads and two policies can be told of each other, in every order, with a connection open to each
/// workload as long as it is let in.
///
/// States that are alike are explored once: what comes after depends on nothing else.
private struct Exploration {
    /// What was last said of a policy: nothing, what it is, or what could not be followed.
    enum PolicyFact: Hashable, CaseIterable { case absent, allows, denies, rejectedAllow, rejectedDeny, unreadable }
    /// What was last said of a workload, and which policies it names.
    enum WorkloadFact: Hashable, CaseIterable { case absent, open, namingFirst, namingBoth, rejected }

    /// What has been said, as the model of which the machine is tested remembers it.
    struct Facts: Hashable {
        var answered: Set<ConfigurationState.Kind> = []
        var policies: [PolicyFact] = [.absent, .absent]
        var workloads: [WorkloadFact] = [.absent, .absent]
        /// Whether a connection is open that was let in earlier.
        var connections = [false, false]
    }

    private var seen: [Facts: Int] = [:]
    private(set) var visited = 0
    private(set) var admitted = 0
    private(set) var cut = 0

    mutating func explore(depth: Int) throws { try explore(Facts(), ConfigurationState(), depth) }

    private mutating func explore(_ facts: Facts, _ state: ConfigurationState, _ depth: Int) throws {
        guard depth > seen[facts, default: 0] else { return }
        seen[facts] = depth
        visited += 1
        for kind in ConfigurationState.Kind.allCases {
            try step(facts, state, .init(kind), depth) { $0.answered.insert(kind) }
        }
        for index in 0..<2 {
            for fact in PolicyFact.allCases {
                try step(facts, state, Self.update(policy: index, fact), depth) {
                    $0.answered.insert(.policies)
                    $0.policies[index] = fact
                }
            }
            for fact in WorkloadFact.allCases {
                try step(facts, state, Self.update(workload: index, fact), depth) {
                    $0.answered.insert(.addresses)
                    // What was rejected and had never been there is not there.
                    let isUnknown = fact == .rejected && $0.workloads[index] == .absent
                    $0.workloads[index] = isUnknown ? .absent : fact
                }
            }
        }
    }

    private mutating func step(
        _ facts: Facts, _ state: ConfigurationState, _ update: ConfigurationState.Update, _ depth: Int,
        _ note: (inout Facts) -> Void
    ) throws {
        var facts = facts
        var state = state
        note(&facts)
        state.apply(update)
        for index in 0..<2 {
            let isAdmitted = Self.admits(state, index)
            #expect(isAdmitted == Self.mayAdmit(facts, index), "\(facts), workload \(index)")
            admitted += isAdmitted ? 1 : 0
            cut += facts.connections[index] && !isAdmitted ? 1 : 0
            // What is open is judged by the same decision, and a new one is opened as soon as it can be.
            facts.connections[index] = isAdmitted
        }
        try explore(facts, state, depth - 1)
    }

    /// What the configuration means, said without any of the product's tables. Policy 0 is of the namespace, policy 1
    /// applies where it is named.
    private static func mayAdmit(_ facts: Facts, _ index: Int) -> Bool {
        guard facts.answered.count == 2 else { return false }
        let isNamed: [Bool]
        switch facts.workloads[index] {
        case .absent, .rejected: return false
        case .open: isNamed = [false, false]
        case .namingFirst: isNamed = [true, false]
        case .namingBoth: isNamed = [true, true]
        }
        let isGood: [PolicyFact] = [.allows, .denies]
        for policy in 0..<2 where isNamed[policy] && !isGood.contains(facts.policies[policy]) { return false }
        let applying = [facts.policies[0]] + (isNamed[1] ? [facts.policies[1]] : [])
        if applying.contains(.denies) || applying.contains(.rejectedDeny) { return false }
        if facts.policies.contains(.unreadable) { return false }
        return applying.contains(.allows) || !applying.contains(.rejectedAllow)
    }

    // MARK: What is sent

    static func workload(_ index: Int, naming policies: [Int]) -> Workload {
        var workload = Workload(uid: "w\(index)", name: "w\(index)", namespace: "shop")
        workload.addresses = [IPAddress("10.0.0.\(index + 1)")!]
        workload.authorizationPolicies = policies.map { NamespacedName(namespace: "shop", name: "p\($0)") }
        return workload
    }

    static func policy(
        _ index: Int, _ scope: AuthorizationPolicy.Scope, _ action: AuthorizationPolicy.Action
    ) -> AuthorizationPolicy {
        AuthorizationPolicy(
            name: "p\(index)", namespace: "shop", scope: scope, action: action, rules: [.init(clauses: [])])
    }

    private static func update(policy index: Int, _ fact: PolicyFact) -> ConfigurationState.Update {
        let scope: AuthorizationPolicy.Scope = index == 0 ? .namespace : .workloadSelector
        let name = "shop/p\(index)"
        switch fact {
        case .absent: return .init(.policies, removed: [name])
        case .allows: return .init(.policies, resources: [.policy(policy(index, scope, .allow))])
        case .denies: return .init(.policies, resources: [.policy(policy(index, scope, .deny))])
        case .rejectedAllow: return .init(.policies, rejected: [.init(name: name, scope: scope, action: .allow)])
        case .rejectedDeny: return .init(.policies, rejected: [.init(name: name, scope: scope, action: .deny)])
        case .unreadable: return .init(.policies, rejected: [.init(name: name)])
        }
    }

    private static func update(workload index: Int, _ fact: WorkloadFact) -> ConfigurationState.Update {
        switch fact {
        case .absent: return .init(.addresses, removed: ["w\(index)"])
        case .open: return .init(.addresses, resources: [.workload(workload(index, naming: []))])
        case .namingFirst:
            return .init(.addresses, resources: [.workload(workload(index, naming: [0]))])
        case .namingBoth:
            return .init(.addresses, resources: [.workload(workload(index, naming: [0, 1]))])
        case .rejected: return .init(.addresses, rejected: [.init(name: "w\(index)")])
        }
    }

    // MARK: What is seen

    /// One workload, told of nothing but the policies that it names.
    static func complete(naming policies: [Int]) -> ConfigurationState {
        var state = ConfigurationState()
        state.apply(.init(.policies))
        state.apply(.init(.addresses, resources: [.workload(workload(0, naming: policies))]))
        return state
    }

    static func admits(_ state: ConfigurationState) throws -> Bool {
        try #require(state.snapshot != nil)
        return admits(state, 0)
    }

    /// As the proxy asks: nobody without a snapshot, nobody who comes to a workload that it does not know.
    private static func admits(_ state: ConfigurationState, _ index: Int) -> Bool {
        guard let snapshot = state.snapshot, let entry = snapshot.workload(uid: "w\(index)") else { return false }
        let attributes = ConnectionAttributes(
            source: IPAddress("10.9.9.9")!,
            sourceIdentity: SPIFFEIdentity(trustDomain: "td", namespace: "shop", serviceAccount: "s"),
            destination: SocketAddress("10.0.0.1:80")!)
        return snapshot.policies(of: entry).decide(attributes).isAllowed
    }
}
