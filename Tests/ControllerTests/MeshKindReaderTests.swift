import Controller
import Mesh
import Testing

/// Reading of the kinds of Gateway API, of Istio's networking and of the mesh's own settings.
struct MeshKindReaderTests {
    private static func head(_ kind: String, _ version: String, _ spec: String) -> String {
        "apiVersion: \(version)\nkind: \(kind)\nmetadata: {name: a, namespace: shop}\nspec:\n\(spec)"
    }

    private static func gateway(_ spec: String) -> String { head("Gateway", "gateway.networking.k8s.io/v1", spec) }

    private static func route(_ spec: String) -> String { head("HTTPRoute", "gateway.networking.k8s.io/v1", spec) }

    private static func entry(_ spec: String) -> String { head("ServiceEntry", "networking.istio.io/v1", spec) }

    private static func config(_ spec: String) -> String { head("MeshConfig", "slipstream.io/v1alpha1", spec) }

    @Test func `a waypoint's Gateway is read as an API server gives it`() throws {
        let text = Self.gateway(
            """
              gatewayClassName: slipstream-waypoint
              infrastructure: {labels: {team: a}, parametersRef: {group: "", kind: ConfigMap, name: b}}
              listeners:
              - name: mesh
                port: 15008
                protocol: HBONE
                tls: {mode: Terminate}
                allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {shared: "yes"}}}}
            status:
              addresses: [{type: Hostname, value: a.shop.svc.cluster.local}, {value: 10.96.0.3}]
              conditions: [{type: Accepted, status: "True"}]
              listeners: []
            """)
        guard case .gateway(let gateway)? = objects(text).first else {
            Issue.record("no Gateway")
            return
        }
        #expect(gateway.className == "slipstream-waypoint" && gateway.parameters == "b")
        #expect(gateway.infrastructureLabels == ["team": "a"] && gateway.infrastructureAnnotations == nil)
        #expect(gateway.listeners.map(\.allowedNamespaces) == [.selector(.init(matchLabels: ["shared": "yes"]))])
        #expect(gateway.statusAddresses.map(\.type) == [.hostname, .ipAddress])
    }

    @Test func `a route names its parents, and its backends wherever they stand`() throws {
        let text = Self.route(
            """
              parentRefs: [{group: "", kind: Service, name: a, port: 80}]
              hostnames: [Shop.Example.com]
              rules:
              - matches: [{path: {type: PathPrefix, value: /a}, headers: [{name: x, value: y}]}]
                timeouts: {request: 10s}
                filters:
                - {type: RequestMirror, requestMirror: {backendRef: {name: mirror, port: 80}, percent: 5}}
                backendRefs:
                - {name: a, port: 80, weight: 9}
                - name: b
                  namespace: other
                  port: 80
                  filters: [{type: RequestMirror, requestMirror: {backendRef: {name: inner, port: 81}}}]
            """)
        guard case .httpRoute(let route)? = objects(text).first else {
            Issue.record("no HTTPRoute")
            return
        }
        #expect(route.parents.map(\.kind) == ["Service"] && route.hostnames == ["shop.example.com"])
        #expect(route.backends.map(\.name) == ["a", "b", "inner", "mirror"])
        #expect(route.backends.map(\.port) == [80, 80, 81, 80])
        #expect(route.backends[1].field == "spec.rules[0].backendRefs[1]" && route.backends[1].namespace == "other")
    }

    @Test func `a ServiceEntry is read with its endpoints and what was allocated for it`() throws {
        let text = Self.entry(
            """
              hosts: [API.example.com, "*.example.org"]
              addresses: [10.1.2.3/16]
              ports: [{name: https, number: 443, protocol: TLS, targetPort: 8443}]
              location: MESH_INTERNAL
              resolution: STATIC
              endpoints: [{address: 10.9.0.1, ports: {https: 9443}, locality: r/z, weight: 3, serviceAccount: x}]
            status: {addresses: [{value: 240.240.0.1, host: api.example.com}]}
            """)
        guard case .serviceEntry(let entry)? = objects(text).first else {
            Issue.record("no ServiceEntry")
            return
        }
        #expect(entry.hosts == ["api.example.com", "*.example.org"] && entry.resolution == .fixed)
        #expect(entry.addresses.map(\.description) == ["10.1.0.0/16"] && entry.ports[0].targetPort == 8443)
        #expect(entry.endpoints.map(\.ports) == [["https": 9443]] && entry.endpoints[0].weight == 3)
        #expect(entry.allocatedAddresses.map(\.host) == ["api.example.com"])
    }

    @Test(arguments: [
        ("gatewayClassName: x\n  listener: []", "6: spec.listener", "is \"listeners\" meant?"),
        ("listeners: []", "5: spec.gatewayClassName", "not empty"),
        (
            "gatewayClassName: x\n  listeners: [{name: a, port: 0, protocol: HBONE}]", "6: spec.listeners[0].port",
            "from 1"
        ),
        (
            "gatewayClassName: x\n  listeners: [{name: a, port: 1, protocol: H}, {name: a, port: 2, protocol: H}]",
            "5: spec.listeners", "different names"
        ),
        (
            "gatewayClassName: x\n  listeners: [{name: a, port: 1, protocol: H, allowedRoutes: {namespaces: {from: Any}}}]",
            "6: spec.listeners[0].allowedRoutes.namespaces.from", "one of All, Same"
        ),
        ("gatewayClassName: x\n  addresses: [{value: 1.2.3}]", "6: spec.addresses[0].value", "type IPAddress"),
    ])
    func `what is wrong with a Gateway is named`(spec: String, place: String, expected: String) throws {
        try Self.expect(Self.gateway("  " + spec), place, expected)
    }

    @Test(arguments: [
        ("rules: [{backendRef: []}]", "5: spec.rules[0].backendRef", "is \"backendRefs\" meant?"),
        ("rules: [{backendRefs: [{name: a, port: 99999}]}]", "5: spec.rules[0].backendRefs[0].port", "65535"),
        ("rules: [{backendRefs: [{name: a, weight: -1}]}]", "5: spec.rules[0].backendRefs[0].weight", "from 0"),
        ("rules: {}", "5: spec.rules", "a list"), ("hostnames: [a b]", "5: spec.hostnames[0]", "a host"),
    ])
    func `what is wrong with a route is named`(spec: String, place: String, expected: String) throws {
        try Self.expect(Self.route("  " + spec), place, expected)
    }

    @Test(arguments: [
        ("hosts: []", "5: spec.hosts", "1 to 256"), ("hosts: [a, A]", "5: spec.hosts", "different"),
        ("hosts: [a..b]", "5: spec.hosts[0]", "a host"),
        ("hosts: [a]\n  ports: [{name: a, number: 80}, {name: a, number: 81}]", "5: spec.ports[1]", "no other port"),
        ("hosts: [a]\n  resolution: dns", "6: spec.resolution", "one of NONE"),
        ("hosts: [a]\n  addresses: [10.0.0.0/33]", "6: spec.addresses[0]", "network"),
        ("hosts: [a]\n  endpoints: [{address: 1.2.3.4}]", "5: spec.endpoints", "NONE"),
        (
            "hosts: [a]\n  resolution: DNS\n  endpoints: [{address: 1.2.3.4}]\n  workloadSelector: {labels: {a: b}}",
            "5: spec.workloadSelector", "either"
        ),
        ("hosts: [a]\n  resolution: DNS\n  endpoints: [{}]", "7: spec.endpoints[0].address", "an address"),
    ])
    func `what is wrong with a ServiceEntry is named`(spec: String, place: String, expected: String) throws {
        try Self.expect(Self.entry("  " + spec), place, expected)
    }

    @Test(arguments: [
        ("trustDomain: A B", "5: spec.trustDomain", "a trust domain"),
        ("waypoints: {mayFailOpn: true}", "5: spec.waypoints.mayFailOpn", "is \"mayFailOpen\" meant?"),
        ("accessLog: {format: JSON}", "5: spec.accessLog.format", "one of text, json"),
        ("accessLog:", "5: spec.accessLog", "found nothing"),
    ])
    func `what is wrong with the mesh's settings is named`(spec: String, place: String, expected: String) throws {
        try Self.expect(Self.config("  " + spec), place, expected)
    }

    @Test func `published fields that nothing is done with are nothing to complain of`() {
        let texts = [
            Self.gateway("  gatewayClassName: x\n  listeners: []\n  tls: {backend: {clientCertificateRef: {name: c}}}"),
            Self.route("  rules: [{retry: {attempts: 3, codes: [503]}, sessionPersistence: {sessionName: s}}]"),
            Self.head(
                "GRPCRoute", "gateway.networking.k8s.io/v1", "  rules: [{matches: [{method: {service: a, method: b}}]}]"
            ),
            Self.head("WorkloadEntry", "networking.istio.io/v1beta1", "  {address: vm.example.com, locality: r/z}"),
            Self.head(
                "RequestAuthentication", "security.istio.io/v1",
                "  jwtRules: [{issuer: a, jwksUri: 'https://a/', fromHeaders: [{name: x, prefix: 'Bearer '}]}]"),
            Self.head(
                "ReferenceGrant", "gateway.networking.k8s.io/v1beta1",
                "  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: b}]\n  to: [{group: '', kind: Service}]"
            ),
        ]
        for text in texts { #expect(objects(text).count == 1) }
    }

    @Test func `nobody has a thousand labels`() throws {
        let labels = (0...1000).map { "l\($0): x" }.joined(separator: ", ")
        try Self.expect(
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {\(labels)}}", "3: metadata.labels",
            "at most 1000")
    }

    private static func expect(_ text: String, _ place: String, _ expected: String) throws {
        let description = try #require(ManifestReader.read(text, file: "a.yaml").diagnostics.first).description
        #expect(description.hasPrefix("a.yaml:" + place) && description.contains(expected), "\(description)")
    }
}
