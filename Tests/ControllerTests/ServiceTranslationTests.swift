import Controller
import Mesh
import Testing

struct ServiceTranslationTests {
    private static func service(_ spec: String, annotations: String = "") -> String {
        """
        apiVersion: v1
        kind: Service
        metadata: {name: cart, namespace: shop, annotations: {\(annotations)}}
        spec: {\(spec)}

        """
    }

    @Test func `a Service has its host name, virtual IPs and TCP ports`() throws {
        let spec = """
            selector: {app: cart}, clusterIP: 10.96.0.1, clusterIPs: [10.96.0.1, 'fd00::1'], ports: [
            {name: a, port: 80, targetPort: 8080}, {name: b, port: 81, targetPort: http}, {name: c, port: 82},
            {name: d, port: 80, protocol: UDP}]
            """
        let service = try translation(Self.service(spec)).service("cart")
        #expect(service.hostname == "cart.shop.svc.cluster.local" && service.isCanonical)
        #expect(service.addresses.map(\.description) == ["/10.96.0.1", "/fd00::1"])
        #expect(service.ports.mapValues(\.target) == [80: 8080, 81: 0, 82: 82])
    }

    @Test func `a headless Service has no virtual IP`() throws {
        #expect(try translation(Self.service("clusterIP: None, ports: [{port: 80}]")).service("cart").addresses.isEmpty)
    }

    @Test func `a name for a name outside is no service`() {
        #expect(translation(Self.service("type: ExternalName, externalName: x.y")).configuration.services.isEmpty)
    }

    @Test(arguments: [
        ("name: http", Service.AppProtocol.http11), ("name: http-web", .http11), ("name: http2", .http2),
        ("name: grpc-web", .grpc), ("name: grpc", .grpc), ("name: https", .tls), ("name: tls-x", .tls),
        ("name: tcp-x", .tcp), ("name: web", .unknown), ("name: httpx", .unknown),
        ("name: http, appProtocol: tcp", .tcp),
        ("appProtocol: kubernetes.io/h2c", .http2), ("appProtocol: HTTP", .http11),
    ])
    func `the protocol comes from the port's field, else from its name`(
        port: String, expected: Service.AppProtocol
    ) throws {
        let service = try translation(Self.service("ports: [{port: 80, \(port)}]")).service("cart")
        #expect(service.ports[80]?.appProtocol == expected)
    }

    @Test(arguments: [
        ("", Service.IPFamilies.automatic), ("ipFamilies: [IPv4]", .ipv4Only), ("ipFamilies: [IPv6]", .ipv6Only),
        ("ipFamilies: [IPv6, IPv4]", .dual),
    ])
    func `address families are those of the spec`(field: String, expected: Service.IPFamilies) throws {
        let spec = "ports: [{port: 80}]" + (field.isEmpty ? "" : ", " + field)
        #expect(try translation(Self.service(spec)).service("cart").ipFamilies == expected)
    }

    @Test(arguments: [
        ("", "", LoadBalancing.Mode.standard, [] as [LoadBalancing.Scope]),
        (", trafficDistribution: PreferClose", "", .failover, [.network, .region, .zone]),
        (", trafficDistribution: PreferSameNode", "", .failover, [.network, .region, .zone, .subzone, .node]),
        ("", "networking.istio.io/traffic-distribution: preferclose", .failover, [.network, .region, .zone]),
        (", internalTrafficPolicy: Local, trafficDistribution: PreferClose", "", .strict, [.node]),
        (", internalTrafficPolicy: Cluster", "", .standard, []),
    ])
    func `traffic keeps as near as the Service asks`(
        field: String, annotation: String, mode: LoadBalancing.Mode, scopes: [LoadBalancing.Scope]
    ) throws {
        let text = Self.service("ports: [{port: 80}]\(field)", annotations: annotation)
        let balancing = try translation(text).service("cart").loadBalancing
        #expect(balancing.mode == mode && balancing.routingPreference == scopes)
        #expect(balancing.healthPolicy == .onlyHealthy)
    }

    @Test func `a namespace's wish holds for services that have none`() throws {
        let namespace = """
            ---
            apiVersion: v1
            kind: Namespace
            metadata: {name: shop, annotations: {networking.istio.io/traffic-distribution: PreferSameNode}}

            """
        let plain = try translation(Self.service("ports: [{port: 80}]") + namespace).service("cart")
        #expect(plain.loadBalancing.routingPreference.last == .node)
        let own = Self.service("ports: [{port: 80}], trafficDistribution: PreferSameZone")
        #expect(try translation(own + namespace).service("cart").loadBalancing.routingPreference.last == .zone)
    }

    @Test func `a Service that publishes what is not ready is balanced over all`() throws {
        let text = Self.service("ports: [{port: 80}], publishNotReadyAddresses: true")
        #expect(try translation(text).service("cart").loadBalancing.healthPolicy == .allowAll)
    }
}
