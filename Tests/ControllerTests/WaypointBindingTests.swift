import Controller
import Mesh
import Testing

/// Which waypoint a Service or a pod is bound to.
struct WaypointBindingTests {
    private static func object(
        _ kind: String, _ name: String, labels: String = "", annotations: String = "", namespace: String? = "shop",
        rest: String = ""
    ) -> String {
        let version =
            switch kind {
            case "Gateway", "GatewayClass": "gateway.networking.k8s.io/v1"
            case "MeshConfig": "slipstream.io/v1alpha1"
            default: "v1"
            }
        let home = namespace.map { ", namespace: \($0)" } ?? ""
        return """
            ---
            apiVersion: \(version)
            kind: \(kind)
            metadata: {name: \(name)\(home), labels: {\(labels)}, annotations: {\(annotations)}}
            \(rest)

            """
    }

    private static func service(_ labels: String = "", annotations: String = "", namespace: String = "shop") -> String {
        object(
            "Service", "cart", labels: labels, annotations: annotations, namespace: namespace,
            rest: "spec: {ports: [{port: 80}]}")
    }

    private static func namespace(_ labels: String, annotations: String = "", name: String = "shop") -> String {
        object("Namespace", name, labels: labels, annotations: annotations, namespace: nil)
    }

    private static func gateway(
        _ name: String = "way", labels: String = "", namespace: String = "shop",
        className: String = "slipstream-waypoint",
        from: String = "{from: Same}", status: String = ""
    ) -> String {
        object(
            "Gateway", name, labels: labels, namespace: namespace,
            rest: """
                spec:
                  gatewayClassName: \(className)
                  listeners:
                  - {name: mesh, port: 15008, protocol: HBONE, allowedRoutes: {namespaces: \(from)}}
                \(status)
                """)
    }

    private static func address(_ host: String, in namespace: String = "shop") -> GatewayAddress {
        GatewayAddress(destination: .hostname(NamespacedName(namespace: namespace, name: host)))
    }

    private static let way = address("way.shop.svc.cluster.local")

    private func waypoint(_ text: String) throws -> GatewayAddress? { try translation(text).service("cart").waypoint }

    @Test func `a Service's own label beats its namespace's, and none ends the search`() throws {
        let gateways = Self.gateway() + Self.gateway("other")
        let namespace = Self.namespace("istio.io/use-waypoint: other")
        #expect(try waypoint(gateways + namespace + Self.service("istio.io/use-waypoint: way")) == Self.way)
        let inherited = try waypoint(gateways + namespace + Self.service())
        #expect(inherited == Self.address("other.shop.svc.cluster.local"))
        #expect(try waypoint(gateways + namespace + Self.service("istio.io/use-waypoint: none")) == nil)
        #expect(try waypoint(gateways + Self.service()) == nil)
    }

    @Test func `a waypoint that is not there is named all the same, so that connections are refused`() throws {
        #expect(try waypoint(Self.service("istio.io/use-waypoint: way")) == Self.way)
        let namespace = Self.namespace("istio.io/use-waypoint: other") + Self.gateway("other")
        #expect(try waypoint(namespace + Self.service("istio.io/use-waypoint: way")) == Self.way)
    }

    @Test func `connections go straight where the mesh lets waypoints fail open`() throws {
        let config = Self.object(
            "MeshConfig", "default", namespace: "slipstream-system", rest: "spec: {waypoints: {mayFailOpen: true}}")
        #expect(try waypoint(config + Self.service("istio.io/use-waypoint: way")) == nil)
        #expect(try waypoint(config + Self.gateway() + Self.service("istio.io/use-waypoint: way")) == Self.way)
    }

    @Test(arguments: [
        ("", true, false), ("istio.io/waypoint-for: service", true, false),
        ("istio.io/waypoint-for: workload", false, true), ("istio.io/waypoint-for: all", true, true),
        ("istio.io/waypoint-for: none", false, false),
    ])
    func `a waypoint takes the traffic that it is for`(label: String, services: Bool, workloads: Bool) throws {
        let text =
            Self.gateway(labels: label) + Self.namespace("istio.io/use-waypoint: way") + Self.service() + pod("web")
        let translation = translation(text)
        #expect(try translation.service("cart").waypoint == (services ? Self.way : nil))
        #expect(try translation.workload("web").waypoint == (workloads ? Self.way : nil))
    }

    @Test func `what a Gateway does not say, its class does`() throws {
        let gatewayClass = Self.object(
            "GatewayClass", "slipstream-waypoint", labels: "istio.io/waypoint-for: workload", namespace: nil,
            rest: "spec: {controllerName: slipstream.io/waypoint-controller}")
        let bound = Self.service("istio.io/use-waypoint: way")
        #expect(try waypoint(gatewayClass + Self.gateway() + bound) == nil)
        #expect(try waypoint(gatewayClass + Self.gateway(labels: "istio.io/waypoint-for: all") + bound) == Self.way)
    }

    @Test(arguments: [
        ("{from: All}", true), ("{from: Same}", false), ("{from: None}", false),
        ("{from: Selector, selector: {matchLabels: {team: a}}}", true),
        ("{from: Selector, selector: {matchLabels: {team: b}}}", false),
    ])
    func `a waypoint of another namespace takes whom its listener admits`(from: String, isAdmitted: Bool) throws {
        let text =
            Self.gateway(namespace: "infra", from: from) + Self.namespace("team: a")
            + Self.service("istio.io/use-waypoint: way, istio.io/use-waypoint-namespace: infra")
        let bound = MeshModel(objects(text))
        let service = try #require(bound.services.values.first)
        let binding = try #require(bound.waypointBinding(of: service.metadata, for: .service, MeshSettings()))
        #expect(binding.isBound == isAdmitted && binding.fault == (isAdmitted ? nil : .attachmentDenied))
        #expect(binding.address == Self.address("way.infra.svc.cluster.local", in: "infra"))
    }

    @Test func `another's Gateway is where its status says, by a name rather than an address`() throws {
        let bound = Self.service("istio.io/use-waypoint: way")
        let both = "status: {addresses: [{value: 10.96.0.9}, {type: Hostname, value: w.infra.svc.cluster.local}]}"
        let named = try waypoint(bound + Self.gateway(className: "x", status: both))
        #expect(named == Self.address("w.infra.svc.cluster.local", in: "infra"))
        let numbered = try waypoint(
            bound + Self.gateway(className: "x", status: "status: {addresses: [{value: 10.96.0.9}]}"))
        let ip = try #require(IPAddress("10.96.0.9"))
        #expect(numbered == GatewayAddress(destination: .address(NetworkAddress(ip: ip))))
    }

    @Test func `a canary gets its share`() throws {
        let labels = "istio.io/use-waypoint: way, istio.io/use-waypoint-canary: next"
        let gateways = Self.gateway() + Self.gateway("next")
        let weight = "istio.io/use-waypoint-canary-weight: '30'"
        let next = Self.address("next.shop.svc.cluster.local")
        let own = try translation(gateways + Self.service(labels, annotations: weight)).service("cart")
        #expect(own.waypoint == Self.way)
        #expect(
            own.weightedWaypoints == [.init(destination: Self.way, weight: 70), .init(destination: next, weight: 30)])
        let inherited = translation(gateways + Self.service() + Self.namespace(labels, annotations: weight))
        #expect(try inherited.service("cart").weightedWaypoints == own.weightedWaypoints)
        let shadowed = translation(
            gateways + Self.service("istio.io/use-waypoint: way") + Self.namespace(labels, annotations: weight))
        #expect(try shadowed.service("cart").weightedWaypoints.isEmpty)
    }

    @Test(arguments: [
        ("next", "'101'", WaypointBinding.Fault.canaryInvalidWeight), ("next", "'x'", .canaryInvalidWeight),
        ("way", "'10'", .canarySameAsPrimary),
    ])
    func `a canary that makes no sense leaves all with the primary`(
        canary: String, weight: String, fault: WaypointBinding.Fault
    ) throws {
        let text =
            Self.gateway() + Self.gateway("next")
            + Self.service(
                "istio.io/use-waypoint: way, istio.io/use-waypoint-canary: \(canary)",
                annotations: "istio.io/use-waypoint-canary-weight: \(weight)")
        let model = MeshModel(objects(text))
        let service = try #require(model.services.values.first)
        let binding = try #require(model.waypointBinding(of: service.metadata, for: .service, MeshSettings()))
        #expect(binding.fault == fault && binding.isBound && binding.shares.isEmpty && binding.address == Self.way)
    }

    @Test func `a waypoint is behind no waypoint`() throws {
        let text =
            Self.gateway() + Self.namespace("istio.io/use-waypoint: way")
            + Self.service("gateway.istio.io/managed: istio.io-mesh-controller")
        #expect(try waypoint(text) == nil)
    }
}
