import Controller
import Mesh
import Testing

/// Objects that nobody means well with: what is wrong is told, and nothing else is any different.
struct HostileObjectTests {
    private static let good =
        pod("cart") + pod("web", address: "10.244.1.3")
        + policy("known", spec: "rules: [{from: [{source: {namespaces: [a]}}]}]")
            + """
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: cart, namespace: shop}
            spec: {clusterIP: 10.96.0.10, selector: {app: cart}, ports: [{port: 80, targetPort: 8080}]}

            """

    private static func object(
        _ kind: String, _ name: String = "bad", version: String = "v1", metadata: String = "", rest: String
    ) -> String {
        """
        ---
        apiVersion: \(version)
        kind: \(kind)
        metadata: {name: \(name), namespace: far\(metadata)}
        \(rest)

        """
    }

    private static let entry = "networking.istio.io/v1"
    private static let port = "ports: [{name: a, number: 1}]"

    /// Refused as a whole, with the reason.
    private static let refused: [String] = [
        object("Pod", "ＵＮＩＣＯＤＥ", rest: "spec: {containers: [{name: a}]}"),
        object("Pod", "../../etc", rest: "spec: {containers: [{name: a}]}"),
        object("Pod", String(repeating: "a", count: 300), rest: "spec: {containers: [{name: a}]}"),
        object(
            "Pod", metadata: ", labels: {\((0..<1_001).map { "l\($0): x" }.joined(separator: ", "))}",
            rest: "spec: {containers: [{name: a}]}"),
        object("Pod", metadata: ", labels: {a: \"\\u202Eevil\"}", rest: "spec: {containers: [{name: a}]}"),
        object("Pod", rest: "spec: {containers: [{name: a}]}\nstatus: {podIP: 10.0.0.256}"),
        object("Service", rest: "spec: {clusterIP: 10.96.0.0/24, ports: [{port: 80}]}"),
        object("Service", rest: "spec: {ports: [{port: 65536}]}"),
        object("Service", rest: "spec: {ports: [{port: 80, targetPort: -1}]}"),
        object("ServiceEntry", version: entry, rest: "spec: {hosts: [\"a..b\"], \(port)}"),
        object("ServiceEntry", version: entry, rest: "spec: {hosts: [], \(port)}"),
        object("ServiceEntry", version: entry, rest: "spec: {hosts: [\"xn--\u{430}.com\"], \(port)}"),
        object("ServiceEntry", version: entry, rest: "spec: {hosts: [a.b], addresses: [10.0.0.0/33], \(port)}"),
        object("WorkloadEntry", version: entry, rest: "spec: {weight: 99999999999, address: 1.1.1.1}"),
        object("Pod", rest: "spec: &a {containers: [{name: a}], x: *a}"),
        object("Pod", rest: "spec: \(String(repeating: "[", count: 5_000))"),
    ]

    @Test(arguments: refused)
    func `what cannot be read is told, and holds back nothing else`(text: String) throws {
        let file = ManifestReader.read(Self.good + text, file: "a.yaml")
        #expect(file.diagnostics.contains { $0.severity == .error })
        let read = Translation(of: MeshModel(file.manifests.map(\.object)))
        #expect(read.configuration == translation(Self.good).configuration)
    }

    /// Taken in, and none of others' business.
    private static let strange: [String] = [
        // Another's address, as a pod, a service, an entry and a machine.
        pod("thief", address: "10.244.1.2").replacing("namespace: shop", with: "namespace: far"),
        object("Service", rest: "spec: {clusterIP: 10.96.0.10, selector: {app: cart}, ports: [{port: 80}]}"),
        object(
            "ServiceEntry", version: entry,
            rest: "spec: {hosts: [cart.shop.svc.cluster.local], addresses: [10.96.0.10], \(port), resolution: STATIC}"),
        object("WorkloadEntry", version: entry, rest: "spec: {address: 10.244.1.2, labels: {app: cart}}"),
        // Everybody's addresses.
        object(
            "ServiceEntry", version: entry, rest: "spec: {hosts: [\"*\"], addresses: [0.0.0.0/0, \"::/0\"], \(port)}"),
        // Waypoints in a circle, and one that is its own.
        object(
            "Gateway", version: "gateway.networking.k8s.io/v1", metadata: ", labels: {istio.io/use-waypoint: bad}",
            rest: """
                spec: {gatewayClassName: theirs, listeners: [{name: m, port: 15008, protocol: HBONE}]}
                status: {addresses: [{type: Hostname, value: bad.far.svc.cluster.local}]}
                """)
            + object(
                "Service", metadata: ", labels: {istio.io/use-waypoint: bad}", rest: "spec: {ports: [{port: 15008}]}"),
        // A policy of another namespace for others' pods.
        policy("known", namespace: "far", spec: "selector: {matchLabels: {app: cart}}\naction: DENY\nrules: [{}]"),
    ]

    @Test(arguments: strange)
    func `what claims to be another's changes nothing of the other's`(text: String) throws {
        let alone = translation(Self.good).configuration
        let together = translation(Self.good + text).configuration
        #expect(together.workloads.filter { $0.namespace == "shop" } == alone.workloads)
        #expect(together.services.filter { $0.namespace == "shop" } == alone.services)
        #expect(together.policies.filter { $0.namespace == "shop" } == alone.policies.filter { $0.namespace == "shop" })
        // And in a proxy: who is where, and what its service leads to, as its own namespace sees it.
        let (before, after) = (Snapshot(alone), Snapshot(together))
        let (pod, vip) = (IPAddress("10.244.1.2")!, IPAddress("10.96.0.10")!)
        #expect(after.service(at: vip, from: "shop")?.service == before.service(at: vip, from: "shop")?.service)
        if !text.contains("thief") {
            #expect(after.workload(at: pod)?.workload == before.workload(at: pod)?.workload)
        }
    }

    @Test func `many objects that select one pod cost what they are`() {
        var text = pod("cart")
        for number in 0..<400 {
            text += """
                ---
                apiVersion: v1
                kind: Service
                metadata: {name: s-\(number), namespace: shop}
                spec: {selector: {app: cart}, ports: [{port: 80}]}

                """
        }
        var live = LiveTranslation()
        let all = objects(text)
        let first = live.apply(all.map { .upsert($0) })
        #expect(first.services.count == 400)
        // One that goes concerns itself and the pod.
        let last = live.apply([.remove(all[400].reference)])
        #expect(last.services.count == 1 && last.workloads.count == 1)
    }
}
