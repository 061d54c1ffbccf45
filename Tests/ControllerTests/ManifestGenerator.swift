import Controller
import Mesh

/// Objects of all kinds, the same for the same seed (splitmix64).
struct ManifestGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 &+ 7 }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }

    mutating func chance(_ oneIn: Int) -> Bool { Int.random(in: 0..<oneIn, using: &self) == 0 }

    mutating func pick<Item>(_ items: [Item]) -> Item { items[Int.random(in: 0..<items.count, using: &self)] }

    mutating func list<Item>(_ counts: ClosedRange<Int>, _ make: (inout Self) -> Item) -> [Item] {
        (0..<Int.random(in: counts, using: &self)).map { _ in make(&self) }
    }

    mutating func port() -> UInt16 { UInt16.random(in: 1...65535, using: &self) }

    mutating func labels() -> [String: String] {
        var labels: [String: String] = [:]
        for key in ["app", "version", "tier", "networking.istio.io/tunnel"] where chance(2) {
            labels[key] = pick(["a", "b", "1", "true", ""])
        }
        return labels
    }

    mutating func mutation(of text: String) -> String {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 1...3, using: &self) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &self)
            switch Int.random(in: 0..<6, using: &self) {
            case 0: bytes.remove(at: index)
            case 1: bytes.insert(pick(Array(":-{}[],#&*!|>'\"%\n\t \\".utf8)), at: index)
            case 2: bytes[index] = UInt8.random(in: 0...255, using: &self)
            case 3: bytes.removeSubrange(index...)
            case 4:
                let end = bytes[index...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
                bytes.removeSubrange(index..<end)
            default: bytes.insert(contentsOf: bytes[index..<min(index + 60, bytes.count)], at: index)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

// MARK: - Objects

extension ManifestGenerator {
    private static let namespaces = ["shop", "other", "slipstream-system"]

    /// A small world, each object once.
    mutating func objects() -> [KubernetesObject] {
        var objects: [ObjectReference: KubernetesObject] = [:]
        for _ in 0..<Int.random(in: 1...25, using: &self) {
            let object = object()
            objects[object.reference] = object
        }
        return objects.sorted { $0.key < $1.key }.map(\.value)
    }

    mutating func object() -> KubernetesObject {
        switch Int.random(in: 0..<16, using: &self) {
        case 0: return .namespace(.init(metadata: metadata(isNamespaced: false)))
        case 1: return .serviceAccount(.init(metadata: metadata()))
        case 2: return .node(node())
        case 3: return .deployment(deployment())
        case 4, 5: return .service(service())
        case 6: return .endpointSlice(slice())
        case 7: return .authorizationPolicy(authorizationPolicy())
        case 8: return .peerAuthentication(peerAuthentication())
        case 9, 10, 11, 12: return meshObject()
        default: return .pod(pod())
        }
    }

    mutating func metadata(isNamespaced: Bool = true) -> Kubernetes.ObjectMeta {
        let name = pick(["a", "b", "c"])
        let namespace = isNamespaced ? pick(Self.namespaces) : ""
        var metadata = Kubernetes.ObjectMeta(name: isNamespaced ? name : pick(Self.namespaces), namespace: namespace)
        metadata.labels = labels()
        if chance(2) { metadata.annotations["ambient.istio.io/redirection"] = pick(["enabled", "pending"]) }
        if chance(4) { metadata.annotations["networking.istio.io/traffic-distribution"] = "PreferClose" }
        if chance(3) { metadata.creationTimestamp = .init(secondsSinceEpoch: Int.random(in: 0...99, using: &self)) }
        bind(&metadata)
        if chance(8) { metadata.deletionTimestamp = .init(secondsSinceEpoch: 1) }
        if chance(4) {
            metadata.ownerReferences = [
                .init(apiVersion: "apps/v1", kind: "ReplicaSet", name: "a-1", uid: "u", isController: true)
            ]
        }
        return metadata
    }

    private mutating func node() -> Kubernetes.Node {
        var node = Kubernetes.Node(metadata: metadata(isNamespaced: false))
        node.metadata.name = pick(["node-1", "node-2"])
        node.metadata.labels["topology.kubernetes.io/zone"] = pick(["x", "y"])
        node.podCIDRs = list(0...2) { _ in "10.244.0.0/24" }
        node.addresses = list(0...1) { _ in .init(type: "InternalIP", address: "10.0.0.1") }
        return node
    }

    private mutating func pod() -> Kubernetes.Pod {
        var pod = Kubernetes.Pod(metadata: metadata(), spec: podSpec())
        pod.status.phase = pick([.pending, .running, .running, .succeeded])
        pod.status.isReady = chance(2)
        pod.status.podIPs = Array(Set(list(0...2) { IPAddress(v4: UInt32(truncatingIfNeeded: $0.next())) }))
        return pod
    }

    private mutating func podSpec() -> Kubernetes.PodSpec {
        var spec = Kubernetes.PodSpec(containers: [container("main")])
        if chance(3) { spec.initContainers = [container("init")] }
        spec.serviceAccountName = pick(["default", "a"])
        spec.nodeName = pick(["", "node-1", "node-2"])
        spec.hostNetwork = chance(6)
        spec.nodeSelector = labels()
        return spec
    }

    private mutating func container(_ name: String) -> Kubernetes.Container {
        var container = Kubernetes.Container(name: name)
        container.command = list(0...2) { $0.pick(["sh", "-c", "a: b # c", "1", "", "\n", "é"]) }
        container.env = list(0...2) { random in
            .init(name: "A", value: random.pick([.text("x\ty"), .field(path: "status.podIP"), .elsewhere]))
        }
        container.ports = list(0...2) { random in
            var port = Kubernetes.ContainerPort(containerPort: random.port())
            port.name = random.pick(["", "http", "dns"])
            port.transport = random.pick([.tcp, .udp])
            return port
        }
        container.restartsAlways = chance(3)
        if chance(3) {
            container.readinessProbe = .init(
                action: pick([
                    .httpGet(path: "/x", port: .name("http"), isTLS: true), .tcpSocket(port: .number(80)),
                    .exec(command: ["true"]), .grpc(port: 1, service: "s"),
                ]))
        }
        return container
    }

    private mutating func deployment() -> Kubernetes.Deployment {
        var template = Kubernetes.PodTemplate(metadata: .init(name: ""), spec: podSpec())
        template.metadata.labels = ["app": "a"]
        var deployment = Kubernetes.Deployment(
            metadata: metadata(), selector: .init(matchLabels: ["app": "a"]), template: template)
        if chance(2) { deployment.selector.requirements = [.init(key: "app", operation: .exists)] }
        deployment.replicas = Int.random(in: 0...9, using: &self)
        return deployment
    }

    private mutating func service() -> Kubernetes.Service {
        var service = Kubernetes.Service(metadata: metadata())
        service.isHeadless = chance(4)
        if !service.isHeadless { service.clusterIPs = [IPAddress(v4: UInt32(truncatingIfNeeded: next()))] }
        let selector = labels()
        service.selector = selector.isEmpty ? nil : selector
        for (index, name) in ["http", "dns", "grpc-x"].enumerated() where index == 0 || chance(2) {
            var port = Kubernetes.Service.Port(port: UInt16(80 + index))
            port.name = name
            port.targetPort = chance(2) ? .name(pick(["http", "dns"])) : .number(self.port())
            port.transport = chance(5) ? .udp : .tcp
            service.ports.append(port)
        }
        service.publishesNotReadyAddresses = chance(4)
        service.trafficDistribution = pick([nil, .preferClose, .preferSameNode])
        service.isNodeLocal = chance(5)
        service.ipFamilies = pick([[], [.v4], [.v4, .v6]])
        return service
    }

    private mutating func slice() -> Kubernetes.EndpointSlice {
        var slice = Kubernetes.EndpointSlice(metadata: metadata(), addressType: .v4)
        slice.metadata.labels[Kubernetes.EndpointSlice.serviceNameLabel] = pick(["a", "b", "c"])
        slice.endpoints = list(0...3) { random in
            var endpoint = Kubernetes.EndpointSlice.Endpoint(addresses: [random.pick(["1.2.3.4", "1.2.3.5"])])
            endpoint.isReady = random.pick([nil, true, false])
            endpoint.podName = random.pick([nil, "a", "b"])
            return endpoint
        }
        var port = Kubernetes.EndpointSlice.Port(port: chance(4) ? nil : self.port())
        port.name = pick(["http", "dns"])
        slice.ports = [port]
        return slice
    }

    private mutating func selector() -> [String: String]? {
        let labels = labels()
        return labels.isEmpty ? nil : labels
    }

    private mutating func authorizationPolicy() -> Kubernetes.AuthorizationPolicy {
        var policy = Kubernetes.AuthorizationPolicy(metadata: metadata())
        policy.selector = selector()
        policy.action = pick([.allow, .deny, .audit])
        policy.rules = list((policy.action == .deny ? 1 : 0)...3) { random in
            var rule = Kubernetes.AuthorizationPolicy.Rule()
            rule.from = random.list(0...2) { $0.source() }
            rule.to = random.list(0...2) { random in
                var operation = Kubernetes.AuthorizationPolicy.Operation()
                operation.ports = [String(random.port())]
                if random.chance(3) { operation.paths = ["/x*"] }
                return operation
            }
            if random.chance(3) {
                var condition = Kubernetes.AuthorizationPolicy.Condition(key: "source.ip")
                condition.values = ["10.0.0.0/8"]
                rule.when = [condition]
            }
            return rule
        }
        return policy
    }

    private mutating func source() -> Kubernetes.AuthorizationPolicy.Source {
        var source = Kubernetes.AuthorizationPolicy.Source()
        source.principals = [pick(["*", "*/sa/a", "cluster.local/ns/shop/sa/b", "cluster.local/*"])]
        if chance(3) { source.notNamespaces = ["other"] }
        if chance(3) { source.ipBlocks = ["10.0.0.0/8"] }
        if chance(5) { source.requestPrincipals = ["*"] }
        return source
    }

    private mutating func peerAuthentication() -> Kubernetes.PeerAuthentication {
        var authentication = Kubernetes.PeerAuthentication(metadata: metadata())
        authentication.selector = selector()
        authentication.mode = pick([.unset, .permissive, .strict, .disable])
        if authentication.selector != nil, chance(2) {
            authentication.portModes[port()] = pick([.strict, .permissive])
        }
        return authentication
    }
}
