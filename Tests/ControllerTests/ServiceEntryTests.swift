import Controller
import Mesh
import Testing

/// ServiceEntries and WorkloadEntries, and what proxies are told of them.
struct ServiceEntryTests {
    private static func entry(
        _ name: String = "db", host: String = "db.example.com", namespace: String = "shop", labels: String = "",
        annotations: String = "", created: Int? = nil, rest: String = "resolution: STATIC"
    ) -> String {
        let time = created.map { ", creationTimestamp: '2026-01-01T00:00:0\($0)Z'" } ?? ""
        return """
            ---
            apiVersion: networking.istio.io/v1
            kind: ServiceEntry
            metadata: {name: \(name), namespace: \(namespace), labels: {\(labels)}, annotations: {\(annotations)}\(time)}
            spec:
              hosts: ["\(host)"]
              ports: [{name: sql, number: 5432, protocol: TCP}, {name: web, number: 80, targetPort: 8080, protocol: HTTP}]
            \(rest.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))

            """
    }

    private static func machine(
        _ name: String = "vm", labels: String = "app: db", annotations: String = "", rest: String = "address: 10.1.2.3"
    ) -> String {
        """
        ---
        apiVersion: networking.istio.io/v1
        kind: WorkloadEntry
        metadata: {name: \(name), namespace: shop, annotations: {\(annotations)}}
        spec:
          labels: {\(labels)}
        \(rest.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))

        """
    }

    private static let key = NamespacedName(namespace: "shop", name: "db.example.com")
    private static let selecting = "resolution: STATIC\nworkloadSelector: {labels: {app: db}}"

    @Test func `each host is a service with the entry's ports and addresses`() throws {
        let text = Self.entry(rest: "resolution: STATIC\naddresses: [10.7.0.1, 10.8.0.0/16]").replacing(
            "[\"db.example.com\"]", with: "[DB.example.com, other.example.com]")
        let services = translation(text).configuration.services
        #expect(services.map(\.hostname) == ["db.example.com", "other.example.com"])
        for service in services {
            #expect(service.addresses == [NetworkAddress(ip: IPAddress("10.7.0.1")!)])
            #expect(service.cidrAddresses == [IPPrefix("10.8.0.0/16")!])
            #expect(
                service.ports == [
                    5432: .init(target: 5432, appProtocol: .tcp), 80: .init(target: 8080, appProtocol: .http11),
                ])
            #expect(
                service.isCanonical && service.visibility == .everywhere && service.loadBalancing == LoadBalancing())
        }
    }

    @Test func `one without resolution is passed through`() throws {
        let service = try translation(Self.entry(rest: "resolution: NONE\naddresses: [10.8.0.0/16]")).service("db")
        #expect(service.loadBalancing.mode == .passthrough && service.loadBalancing.healthPolicy == .allowAll)
    }

    @Test(arguments: [
        ("", "resolution: STATIC", true), ("", "resolution: DNS", true), ("", "resolution: NONE", false),
        ("networking.istio.io/enable-autoallocate-ip: 'false'", "resolution: DNS", false),
    ])
    func `a host without an address gets one of each family, where something can be done with it`(
        labels: String, rest: String, isAllocated: Bool
    ) throws {
        let service = try translation(Self.entry(labels: labels, rest: rest)).service("db")
        #expect(service.addresses.count == (isAllocated ? 2 : 0))
        for address in service.addresses {
            let isOurs = ["240.240.0.0/16", "2001:2::/48"].contains { IPPrefix($0)!.contains(address.ip) }
            #expect(isOurs, "\(address)")
        }
    }

    @Test func `an address that the status tells is kept`() throws {
        let text = Self.entry() + "status: {addresses: [{value: 240.240.9.9, host: db.example.com}]}\n"
        #expect(try translation(text).service("db").addresses == [NetworkAddress(ip: IPAddress("240.240.9.9")!)])
    }

    @Test(arguments: [
        ("exportTo: ['.']", "", Service.Visibility.namespace), ("exportTo: ['*']", "", .everywhere),
        ("exportTo: ['~']", "", nil), ("", "None", nil), ("", "Namespace", .namespace),
        ("exportTo: ['.']", "Public", .namespace),
    ])
    func `the narrower of what the author and the mesh say holds of who sees it`(
        export: String, rule: String, visibility: Service.Visibility?
    ) {
        let config = """
            ---
            apiVersion: slipstream.io/v1alpha1
            kind: MeshConfig
            metadata: {name: default, namespace: slipstream-system}
            spec: {serviceEntryVisibility: [{namespaceSelector: {}, visibility: \(rule)}]}

            """
        let text = Self.entry(rest: "resolution: STATIC\n\(export)") + (rule.isEmpty ? "" : config)
        #expect(translation(text).configuration.services.first?.visibility == visibility)
    }

    @Test func `of several entries with one host the oldest is canonical, and in one namespace it alone is told`()
        throws
    {
        let text =
            Self.entry("young", created: 5) + Self.entry("old", created: 3)
            + Self.entry("other", namespace: "other", created: 4)
            + Self.entry("hidden", namespace: "far", created: 1, rest: "resolution: STATIC\nexportTo: ['.']")
        let services = translation(text).configuration.services
        #expect(services.map(\.name) == ["hidden", "other", "old"])
        #expect(services.map(\.isCanonical) == [false, false, true])
    }

    @Test func `a Service comes before an entry with its host`() throws {
        let host = "cart.shop.svc.cluster.local"
        let service =
            "---\napiVersion: v1\nkind: Service\nmetadata: {name: cart, namespace: shop}\nspec: {ports: [{port: 81}]}\n"
        let text = service + Self.entry(host: host) + Self.entry("far", host: host, namespace: "other")
        let services = translation(text).configuration.services
        #expect(services.map(\.name) == ["far", "cart"] && services.map(\.isCanonical) == [false, true])
    }

    @Test func `a selector finds pods and WorkloadEntries of its namespace`() throws {
        let translation = translation(Self.entry(rest: Self.selecting) + Self.machine() + pod("db"))
        let ports: [UInt16: UInt16] = [5432: 5432, 80: 8080]
        #expect(try translation.workload("db").services == [Self.key: ports])
        #expect(try translation.workload("vm").services == [Self.key: ports])
    }

    @Test func `a machine has its own numbers for ports, its own network and its weight`() throws {
        let rest = """
            address: 10.1.2.3
            ports: {sql: 15432}
            network: far
            weight: 7
            locality: eu/a/rack-1
            serviceAccount: keeper
            """
        let vm = try translation(Self.entry(rest: Self.selecting) + Self.machine(rest: rest)).workload("vm")
        #expect(vm.uid == "Kubernetes/networking.istio.io/WorkloadEntry/shop/vm")
        #expect(vm.services == [Self.key: [5432: 15432, 80: 8080]])
        #expect(vm.network == "far" && vm.capacity == 7 && vm.serviceAccount == "keeper" && vm.status == .healthy)
        #expect(vm.locality == Locality(region: "eu", zone: "a", subzone: "rack-1") && vm.canonicalName == "db")
    }

    @Test func `a machine's policies are those that select its labels`() throws {
        let spec = "selector: {matchLabels: {app: db}}\nrules: [{}]"
        let text =
            policy("own", spec: spec) + policy("wide", namespace: "slipstream-system", spec: spec)
            + policy("mode", kind: "PeerAuthentication", spec: "mtls: {mode: STRICT}")
        let vm = try translation(text + Self.machine(annotations: "ambient.istio.io/redirection: enabled")).workload(
            "vm")
        #expect(vm.tunnelProtocol == .hbone)
        #expect(
            vm.authorizationPolicies.map(\.description) == [
                "shop/own", "slipstream-system/istio_converted_static_strict", "slipstream-system/wide",
            ])
    }

    @Test func `a Kubernetes Service selects machines too`() throws {
        let service = """
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: store, namespace: shop}
            spec: {selector: {app: db}, ports: [{name: sql, port: 80, targetPort: sql}, {name: web, port: 81, targetPort: other}]}

            """
        let vm = try translation(service + Self.machine(rest: "address: 10.1.2.3\nports: {sql: 15432}")).workload("vm")
        #expect(vm.services == [NamespacedName(namespace: "shop", name: "store.shop.svc.cluster.local"): [80: 15432]])
    }

    @Test func `an entry's own endpoints are workloads, each address once, and sockets of other pods none`() throws {
        let rest = """
            resolution: STATIC
            endpoints:
            - {address: 10.1.1.1, ports: {sql: 6000}}
            - {address: 10.1.1.1}
            - {address: unix:///run/x}
            - {address: 10.1.1.2, weight: 3, labels: {app: x}}
            """
        let workloads = translation(Self.entry(rest: rest)).configuration.workloads
        #expect(workloads.map(\.addresses) == [[IPAddress("10.1.1.1")!], [IPAddress("10.1.1.2")!]])
        #expect(workloads.map(\.uid).first == "Kubernetes/networking.istio.io/ServiceEntry/shop/db/10.1.1.1")
        #expect(workloads.first?.services == [Self.key: [5432: 6000, 80: 8080]])
        #expect(workloads.last?.capacity == 3)
    }

    @Test(arguments: [("DNS", 1), ("DNS_ROUND_ROBIN", 1), ("STATIC", 0), ("NONE", 0)])
    func `a name that leads to itself is its own endpoint`(resolution: String, count: Int) {
        let workloads = translation(Self.entry(rest: "resolution: \(resolution)")).configuration.workloads
        #expect(workloads.map(\.hostname) == Array(repeating: "db.example.com", count: count))
    }

    @Test func `an entry is bound to a waypoint as a Service is, and its endpoints are closed to others`() throws {
        let gateway = """
            ---
            apiVersion: gateway.networking.k8s.io/v1
            kind: Gateway
            metadata: {name: way, namespace: shop}
            spec: {gatewayClassName: slipstream-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}

            """
        var live = LiveTranslation()
        var order = WaypointOrder(settings: MeshSettings())
        let text = gateway + Self.entry(labels: "istio.io/use-waypoint: way", rest: Self.selecting) + pod("db")
        let told = order.take(live.apply(objects(text).map { .upsert($0) }), of: live, isFirst: true)
        let service = try #require(told.services[Self.key] ?? nil)
        #expect(service.waypoint != nil)
        let pod = try #require(told.workloads["Kubernetes//Pod/shop/db"] ?? nil)
        #expect(
            pod.authorizationPolicies.map(\.name) == [
                "slipstream_only_through_shop_way_5432", "slipstream_only_through_shop_way_8080",
            ])
    }
}

struct AddressPoolTests {
    private static let hosts = (0..<3_000).map {
        AddressPool.Host(entry: NamespacedName(namespace: "shop", name: "entry-\($0)"), name: "host")
    }

    private static func pool(_ hosts: some Sequence<AddressPool.Host>) -> AddressPool {
        var pool = AddressPool()
        for host in hosts { pool.allocate(host) }
        return pool
    }

    @Test func `no two hosts share an address, and each has one of each family`() {
        let pool = Self.pool(Self.hosts)
        let addresses = Self.hosts.flatMap(pool.addresses(of:))
        #expect(Set(addresses).count == 6_000)
        #expect(pool.addresses(of: .init(entry: Self.hosts[0].entry, name: "nobody")).isEmpty)
    }

    @Test func `another controller gives the same`() {
        #expect(
            Self.hosts.map(Self.pool(Self.hosts).addresses(of:)) == Self.hosts.map(Self.pool(Self.hosts).addresses(of:))
        )
        // Few fall on one place, and only these depend on who came first.
        let backwards = Self.pool(Self.hosts.reversed())
        let forwards = Self.pool(Self.hosts)
        let same = Self.hosts.filter { backwards.addresses(of: $0) == forwards.addresses(of: $0) }
        #expect(same.count > 2_800)
    }

    @Test func `who comes or goes moves nobody else`() {
        var pool = Self.pool(Self.hosts.prefix(1_500))
        let before = Self.hosts.prefix(1_500).map(pool.addresses(of:))
        for host in Self.hosts.dropFirst(1_500) { pool.allocate(host) }
        #expect(Self.hosts.prefix(1_500).map(pool.addresses(of:)) == before)
        for host in Self.hosts.dropFirst(1_500) { pool.release(host) }
        #expect(Self.hosts.prefix(1_500).map(pool.addresses(of:)) == before)
    }

    @Test func `when all places are taken nobody gets one, until one is given back`() {
        var pool = AddressPool()
        let entry = NamespacedName(namespace: "shop", name: "many")
        var count = 0
        while pool.allocate(.init(entry: entry, name: "host-\(count)")) { count += 1 }
        #expect(count == 65_534)
        pool.release(.init(entry: entry, name: "host-7"))
        let isPlaced = pool.allocate(.init(entry: entry, name: "new"))
        #expect(isPlaced)
    }
}
