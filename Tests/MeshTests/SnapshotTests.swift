import Mesh
import Testing

private func workload(
    _ name: String, _ ip: String? = nil, uid: String? = nil, change: (inout Workload) -> Void = { _ in }
) -> Workload {
    var workload = Workload(uid: uid ?? "Kubernetes//Pod/shop/\(name)", name: name, namespace: "shop")
    if let ip { workload.addresses = [IPAddress(ip)!] }
    change(&workload)
    return workload
}

private func service(
    _ name: String, namespace: String = "shop", change: (inout Service) -> Void = { _ in }
) -> Service {
    var service = Service(name: name, namespace: namespace, hostname: "\(name).example")
    change(&service)
    return service
}

private let vip = IPAddress("10.96.0.1")!
private let key = NamespacedName("shop/catalog.example")!

struct WorkloadLookUpTests {
    @Test func `a workload is found by address, uid and hostname`() {
        let snapshot = Snapshot(.init(workloads: [workload("a", "10.0.0.1") { $0.hostname = "a.example" }]))
        #expect(snapshot.workload(at: IPAddress("10.0.0.1")!)?.workload.name == "a")
        #expect(snapshot.workload(uid: "Kubernetes//Pod/shop/a")?.workload.name == "a")
        #expect(snapshot.workload(hostname: "a.example")?.workload.name == "a")
        #expect(snapshot.workload(at: IPAddress("10.0.0.2")!) == nil)
    }

    @Test func `one address on two networks is two workloads`() {
        let near = workload("near", "10.0.0.1")
        let far = workload("far", "10.0.0.1") { $0.network = "far" }
        let snapshot = Snapshot(.init(workloads: [near, far]))
        #expect(snapshot.workload(at: IPAddress("10.0.0.1")!)?.workload.name == "near")
        #expect(snapshot.workload(at: IPAddress("10.0.0.1")!, network: "far")?.workload.name == "far")
    }

    @Test func `a workload in its node's namespace is not found by address`() {
        let snapshot = Snapshot(.init(workloads: [workload("a", "10.0.0.1") { $0.networkMode = .hostNetwork }]))
        #expect(snapshot.workload(at: IPAddress("10.0.0.1")!) == nil)
        #expect(snapshot.workload(uid: "Kubernetes//Pod/shop/a") != nil)
    }

    @Test func `of two workloads with one address the pod is meant`() {
        let entry = workload("entry", "10.0.0.1", uid: "c/networking.istio.io/WorkloadEntry/shop/a") {
            $0.tunnelProtocol = .hbone
        }
        for order in [[entry, workload("pod", "10.0.0.1")], [workload("pod", "10.0.0.1"), entry]] {
            #expect(Snapshot(.init(workloads: order)).workload(at: IPAddress("10.0.0.1")!)?.workload.name == "pod")
        }
    }

    @Test func `of two pods with one address the one behind a tunnel is meant`() {
        let plain = workload("a", "10.0.0.1")
        let tunnelled = workload("b", "10.0.0.1") { $0.tunnelProtocol = .hbone }
        for order in [[plain, tunnelled], [tunnelled, plain]] {
            #expect(Snapshot(.init(workloads: order)).workload(at: IPAddress("10.0.0.1")!)?.workload.name == "b")
        }
    }
}

struct ServiceLookUpTests {
    @Test func `a service is found by address, key and hostname`() {
        let snapshot = Snapshot(.init(services: [service("catalog") { $0.addresses = [NetworkAddress(ip: vip)] }]))
        #expect(snapshot.service(at: vip, from: "bank")?.service.name == "catalog")
        #expect(snapshot.service(key)?.service.name == "catalog")
        #expect(snapshot.service(hostname: "catalog.example", from: "bank")?.service.name == "catalog")
        #expect(snapshot.service(at: vip, network: "far", from: "bank") == nil)
    }

    @Test func `the client's own namespace comes first, then the canonical one`() {
        let services = ["a", "b", "c"].map { namespace in
            service("catalog", namespace: namespace) {
                $0.addresses = [NetworkAddress(ip: vip)]
                $0.isCanonical = namespace == "b"
            }
        }
        let snapshot = Snapshot(.init(services: services))
        #expect(snapshot.service(at: vip, from: "c")?.service.namespace == "c")
        #expect(snapshot.service(at: vip, from: "shop")?.service.namespace == "b")
        #expect(snapshot.service(hostname: "catalog.example", from: "a")?.service.namespace == "a")
        #expect(
            Snapshot(.init(services: [services[2], services[0]])).service(at: vip, from: "x")?.service.namespace == "a")
    }

    @Test func `a service of one namespace is seen by nobody else`() {
        let hidden = service("catalog") {
            $0.addresses = [NetworkAddress(ip: vip)]
            $0.visibility = .namespace
        }
        let snapshot = Snapshot(.init(services: [hidden]))
        #expect(snapshot.service(at: vip, from: "shop") != nil)
        #expect(snapshot.service(at: vip, from: "bank") == nil)
        #expect(snapshot.service(hostname: "catalog.example", from: "bank") == nil)
    }

    @Test func `an exact address beats a range, and a longer prefix a shorter`() {
        let services = [
            service("wide") { $0.cidrAddresses = [IPPrefix("10.0.0.0/8")!] },
            service("narrow") { $0.cidrAddresses = [IPPrefix("10.96.0.0/16")!] },
            service("exact") { $0.addresses = [NetworkAddress(ip: vip)] },
        ]
        let snapshot = Snapshot(.init(services: services))
        #expect(snapshot.service(at: vip, from: "x")?.service.name == "exact")
        #expect(snapshot.service(at: IPAddress("10.96.0.2")!, from: "x")?.service.name == "narrow")
        #expect(snapshot.service(at: IPAddress("10.97.0.2")!, from: "x")?.service.name == "wide")
        #expect(snapshot.service(at: IPAddress("11.0.0.1")!, from: "x") == nil)
    }

    @Test func `among ranges the client's own namespace beats a longer prefix`() {
        let services = [
            service("own", namespace: "mine") { $0.cidrAddresses = [IPPrefix("10.0.0.0/8")!] },
            service("narrow") { $0.cidrAddresses = [IPPrefix("10.96.0.0/16")!] },
        ]
        let snapshot = Snapshot(.init(services: services))
        #expect(snapshot.service(at: vip, from: "mine")?.service.name == "own")
        #expect(snapshot.service(at: vip, from: "shop")?.service.name == "narrow")
    }

    @Test func `endpoints are the healthy workloads that name the service`() {
        let workloads = [
            workload("a", "10.0.0.1") {
                $0.services = [key: [80: 8080]]; $0.capacity = 2
            },
            workload("b", "10.0.0.2") {
                $0.services = [key: [80: 8081]]; $0.status = .unhealthy
            },
            workload("c", "10.0.0.3") {
                $0.services = [key: [:]]; $0.capacity = 3
            },
            workload("d", "10.0.0.4"),
        ]
        let entry = Snapshot(.init(workloads: workloads, services: [service("catalog")])).service(key)
        #expect(entry?.endpoints.map(\.entry.workload.name) == ["a", "c"])
        #expect(entry?.endpoints.map(\.ports) == [[80: 8080], [:]])
        let chosen = (0..<5).map { entry?.endpoints.endpoint(atCapacity: $0).entry.workload.name }
        #expect(entry?.endpoints.capacity == 5 && chosen == ["a", "a", "c", "c", "c"])
        let all = service("catalog") { $0.loadBalancing.healthPolicy = .allowAll }
        #expect(Snapshot(.init(workloads: workloads, services: [all])).service(key)?.endpoints.count == 3)
    }

    @Test func `additional identities that are none are left out`() {
        let entry = Snapshot(
            .init(services: [service("catalog") { $0.subjectAltNames = ["spiffe://a/ns/b/sa/c", "dns.example"] }])
        ).service(key)
        #expect(entry?.subjectAltNames.map(\.description) == ["spiffe://a/ns/b/sa/c"])
    }
}

struct PolicyLookUpTests {
    private let policies = [
        AuthorizationPolicy(name: "all", namespace: "root", scope: .global, action: .deny, rules: []),
        AuthorizationPolicy(name: "ours", namespace: "shop", scope: .namespace, action: .deny, rules: []),
        AuthorizationPolicy(name: "theirs", namespace: "bank", scope: .namespace, action: .deny, rules: []),
        AuthorizationPolicy(name: "chosen", namespace: "root", scope: .workloadSelector, action: .deny, rules: []),
        AuthorizationPolicy(name: "other", namespace: "shop", scope: .workloadSelector, action: .deny, rules: []),
    ]

    private func effective(_ names: [String]) throws -> EffectivePolicies {
        let workload = workload("a", "10.0.0.1") { $0.authorizationPolicies = names.map { NamespacedName($0)! } }
        let snapshot = Snapshot(.init(workloads: [workload], policies: policies))
        return snapshot.policies(of: try #require(snapshot.workload(at: IPAddress("10.0.0.1")!)))
    }

    @Test func `a workload has the global policies, its namespace's and those it names`() throws {
        let effective = try effective(["root/chosen"])
        #expect(effective.sets.flatMap(\.policies).map(\.key.description) == ["root/all", "shop/ours", "root/chosen"])
        #expect(effective.missing.isEmpty)
    }

    @Test func `a policy that applies anyway is not applied twice`() throws {
        let effective = try effective(["root/all", "shop/ours"])
        #expect(effective.sets.flatMap(\.policies).map(\.key.description) == ["root/all", "shop/ours"])
    }

    @Test func `a policy that is named and not known is reported, and denies`() throws {
        let effective = try effective(["shop/late", "root/chosen", "shop/absent"])
        #expect(effective.missing.map(\.description) == ["shop/absent", "shop/late"])
        #expect(effective.decide(.frontend).outcome == .missing(policy: NamespacedName("shop/absent")!))
    }
}
