import Controller
import Mesh
import Testing

@testable import Playground

struct ContainerCommandTests {
    private var pod: Kubernetes.Pod {
        var metadata = Kubernetes.ObjectMeta(name: "cart-1", namespace: "shop")
        metadata.labels = ["app": "cart"]
        var pod = Kubernetes.Pod(metadata: metadata, spec: Kubernetes.PodSpec(containers: []))
        pod.spec.nodeName = "node-2"
        pod.status.podIPs = [IPAddress("10.244.2.7")!]
        return pod
    }

    @Test(arguments: [
        ("$(A)-$(B)", "1-$(B)"), ("$$(A)", "$(A)"), ("$A $", "$A $"), ("$(A", "$(A"), ("", ""), ("$()", "$()"),
        ("$$$(A)", "$1"),
    ])
    func `variables are put in where they are known`(text: String, expanded: String) {
        #expect(ContainerCommand.expanded(text, ["A": "1"]) == expanded)
    }

    @Test func `a container learns about its pod`() {
        var container = Kubernetes.Container(name: "c")
        container.command = ["run", "$(WHERE)"]
        container.args = ["--on=$(NODE)"]
        container.env = [
            .init(name: "WHERE", value: .field(path: "status.podIP")),
            .init(name: "NODE", value: .field(path: "spec.nodeName")),
            .init(name: "APP", value: .field(path: "metadata.labels['app']")),
            .init(name: "BOTH", value: .text("$(APP)@$(NODE)")),
        ]
        let environment = ContainerCommand.environment(
            of: container, in: pod, hostIP: "172.30.0.2", defaults: ["PATH": "/bin"])
        #expect(
            environment == [
                "PATH": "/bin", "HOSTNAME": "cart-1", "WHERE": "10.244.2.7", "NODE": "node-2", "APP": "cart",
                "BOTH": "cart@node-2",
            ])
        #expect(
            ContainerCommand.arguments(of: container, environment: environment) == ["run", "10.244.2.7", "--on=node-2"])
    }
}

struct ServiceEndpointsTests {
    private func pod(_ name: String, _ ip: String, port: UInt16, ready: Bool = true) -> Kubernetes.Pod {
        var metadata = Kubernetes.ObjectMeta(name: name, namespace: "shop")
        metadata.labels = ["app": "catalog", "version": name]
        var container = Kubernetes.Container(name: "c")
        var named = Kubernetes.ContainerPort(containerPort: port)
        named.name = "http"
        container.ports = [named]
        var pod = Kubernetes.Pod(metadata: metadata, spec: Kubernetes.PodSpec(containers: [container]))
        pod.status.podIPs = [IPAddress(ip)!]
        pod.status.isReady = ready
        return pod
    }

    private var service: Kubernetes.Service {
        var service = Kubernetes.Service(metadata: .init(name: "catalog", namespace: "shop"))
        service.selector = ["app": "catalog"]
        service.clusterIPs = [IPAddress("10.96.1.1")!]
        service.ports = [.init(port: 80, targetPort: .name("http"))]
        return service
    }

    @Test func `pods that give a port another number stand in a slice of their own`() {
        let pods = [
            pod("v1", "10.244.1.2", port: 8080), pod("v2", "10.244.2.2", port: 9090),
            pod("v3", "10.244.2.3", port: 8080),
        ]
        let slices = ServiceEndpoints.slices(of: service, pods: pods)
        #expect(Set(slices.map { $0.endpoints.compactMap(\.podName) }) == [["v1", "v3"], ["v2"]])
        #expect(Set(slices.map { $0.ports.first?.port }) == [8080, 9090])
        #expect(slices.allSatisfy { $0.serviceName == "catalog" })
    }

    @Test func `clients outside the mesh are sent to ready endpoints only`() {
        var leaving = pod("v4", "10.244.2.4", port: 8080)
        leaving.metadata.deletionTimestamp = .init(secondsSinceEpoch: 0)
        let pods = [pod("v1", "10.244.1.2", port: 8080), pod("v2", "10.244.2.2", port: 9090, ready: false), leaving]
        let slices = ServiceEndpoints.slices(of: service, pods: pods)
        let translation = ServiceEndpoints.translation(services: [service], slices: slices)
        #expect(translation.ports.map(\.endpoints) == [[SocketAddress("10.244.1.2:8080")!]])
    }

    @Test func `another namespace's pods are not endpoints`() {
        var stranger = pod("v1", "10.244.1.2", port: 8080)
        stranger.metadata.namespace = "outside"
        #expect(ServiceEndpoints.slices(of: service, pods: [stranger]).isEmpty)
    }
}

struct DesiredPodsTests {
    private func deployment(_ change: (inout Kubernetes.PodTemplate) -> Void = { _ in }) -> DesiredPods {
        var metadata = Kubernetes.ObjectMeta(name: "", namespace: "shop")
        metadata.labels = ["app": "cart", "version": "v1"]
        var container = Kubernetes.Container(name: "c")
        container.command = ["sleep", "1"]
        var template = Kubernetes.PodTemplate(metadata: metadata, spec: .init(containers: [container]))
        change(&template)
        return DesiredPods([
            .deployment(
                .init(
                    metadata: .init(name: "cart", namespace: "shop"), selector: .init(matchLabels: ["app": "cart"]),
                    template: template))
        ])
    }

    @Test func `a template's revision changes when the template does, and only then`() {
        let revision = deployment().demands[0].revision
        #expect(deployment().demands[0].revision == revision)
        #expect(deployment { $0.spec.containers[0].command = ["sleep", "2"] }.demands[0].revision != revision)
        #expect(deployment { $0.metadata.labels["version"] = "v2" }.demands[0].revision != revision)
    }

    @Test func `a lone pod may be relabelled without a new one`() {
        func revision(_ labels: [String: String]) -> String {
            var metadata = Kubernetes.ObjectMeta(name: "probe", namespace: "shop")
            metadata.labels = labels
            return DesiredPods([.pod(.init(metadata: metadata, spec: .init(containers: [.init(name: "c")])))]).demands[
                0
            ].revision
        }
        #expect(revision([:]) == revision(["istio.io/dataplane-mode": "ambient"]))
    }

    @Test func `a deployment's pod says what made it`() throws {
        let desired = deployment()
        let demand = desired.demands[0]
        let creation = PodPlan.Creation(name: NamespacedName(namespace: "shop", name: "cart-x"), demand: demand)
        let pod = try #require(desired.pod(creation, uid: "u", node: "node-1"))
        #expect(pod.metadata.labels["pod-template-hash"] == demand.revision)
        #expect(pod.metadata.controller?.name == "cart-\(demand.revision)")
        #expect(pod.spec.nodeName == "node-1")
    }
}

struct PacketCaptureTests {
    /// A capture of one frame: file header, packet header, Ethernet, IPv4, TCP.
    private func capture(targetPort: UInt16, _ payload: [UInt8]) -> [UInt8] {
        let file: [UInt8] = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0]
        let ethernet: [UInt8] = Array(repeating: 0, count: 12) + [0x08, 0x00]
        let ip: [UInt8] = [0x45, 0] + Array(repeating: 0, count: 7) + [6] + Array(repeating: 0, count: 10)
        let ports: [UInt8] = [0x9c, 0x40, UInt8(targetPort >> 8), UInt8(targetPort & 0xff)]
        let tcp = ports + Array(repeating: 0, count: 8) + [0x50, 0x18] + Array(repeating: 0, count: 6)
        let frame = ethernet + ip + tcp + payload
        return file + Array(repeating: 0, count: 8) + [UInt8(frame.count), 0, 0, 0, UInt8(frame.count), 0, 0, 0] + frame
    }

    @Test func `records of TLS are told from plain text`() {
        let secret = PacketCapture(capture(targetPort: 15008, [0x17, 0x03, 0x03, 0x00, 0x01, 0xaa]))
        #expect(secret.encryptedSegments(port: 15008) == 1)
        #expect(secret.encryptedSegments(port: 15001) == 0)
        let plain = PacketCapture(capture(targetPort: 8080, Array("GET /hello".utf8)))
        #expect(plain.encryptedSegments(port: 8080) == 0)
        #expect(plain.contains("hello") && !plain.contains("goodbye"))
    }

    @Test func `a capture that was cut anywhere is read as far as it goes`() {
        let whole = capture(targetPort: 15008, [0x17, 0x03, 0x03])
        for length in 0..<whole.count { #expect(PacketCapture(Array(whole[..<length])).segments.isEmpty) }
        #expect(PacketCapture(whole).segments.count == 1)
        var odd = whole
        odd[54] = 0x4f
        _ = PacketCapture(odd).segments
    }
}

struct TextTests {
    private var status: WorldStatus {
        var status = WorldStatus()
        status.phase = .ready
        status.nodes = [
            .init(
                name: "node-1", namespace: "slip-node-1", address: "172.30.0.1", podNetwork: "10.244.1.0/24",
                programs: [])
        ]
        status.pods = [
            .init(
                namespace: "shop", name: "cart-1", node: "node-1", ip: "10.244.1.2", serviceAccount: "cart",
                identity: "spiffe://cluster.local/ns/shop/sa/cart", mesh: "enabled", olderConnections: 0,
                phase: "Running", ready: true,
                restarts: 0, message: "", networkNamespace: "slip-x", environment: [:], directory: "/")
        ]
        return status
    }

    @Test func `status shows pods with their identities in columns`() throws {
        let lines = StatusText(status: status, isWide: false).text.split(separator: "\n")
        let titles = try #require(lines.first { $0.hasPrefix("NAMESPACE") })
        let row = try #require(lines.first { $0.hasPrefix("shop") })
        func column(_ text: String, in line: Substring) throws -> Int {
            line.distance(from: line.startIndex, to: try #require(line.firstRange(of: text)).lowerBound)
        }
        #expect(try column("IDENTITY", in: titles) == column("spiffe://cluster.local/ns/shop/sa/cart", in: row))
        #expect(try column("MESH", in: titles) == column("enabled", in: row))
    }

    @Test(arguments: [(80, 24), (200, 50), (60, 8), (100, 1)])
    func `a screen is never overrun`(columns: Int, rows: Int) {
        let connections = Array(repeating: Connection(outbound: nil, inbound: AccessRecord()), count: 100)
        let text = ScreenText(
            status: status,
            proofs: [.init(claim: "c", outcome: "proved", observed: String(repeating: "x", count: 300))],
            notes: ["a\nb"], connections: connections, columns: columns, rows: rows, isColoured: false)
        #expect(text.lines.count <= rows)
        #expect(text.lines.allSatisfy { $0.count <= columns && !$0.contains("\n") })
    }
}
