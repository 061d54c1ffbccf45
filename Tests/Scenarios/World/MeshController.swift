import Foundation

/// Our own controller on the first node: the mesh's pods as manifests, a token for each ztunnel, and what it says.
final class MeshController {
    private let node: MeshNode
    let nodes: [MeshNode]
    private let directory: URL
    private let log: String
    let tokens = TokenSigner()
    private let options: [String]
    private(set) var program: Program?

    /// Writes what it reads but for the pods; `start` runs it.
    /// - Parameter options: beside what every scenario needs.
    init(meshDirectory: URL, nodes: [MeshNode], _ options: [String]) throws {
        self.nodes = nodes
        self.options = options
        node = nodes[0]
        directory = meshDirectory.appending(path: "controller")
        log = node.log("controller")
        try FileManager.default.createDirectory(at: manifests, withIntermediateDirectories: true)
        try tokens.publicKey.write(to: tokenKeys, atomically: true, encoding: .utf8)
        for node in nodes { try give(tokens.token(of: node), to: node) }
    }

    /// Its authority's files.
    var authority: URL { directory.appending(path: "ca") }
    var manifests: URL { directory.appending(path: "manifests") }
    /// Where the command line asks it.
    var socket: String { directory.appending(path: "controller.sock").path }
    private var tokenKeys: URL { directory.appending(path: "token-keys.pem") }
    private func tokenFile(of node: MeshNode) -> URL { directory.appending(path: "token-\(node.number)") }

    /// Of a ztunnel that is to be configured by it.
    func environment(of node: MeshNode) -> [String: String] {
        let address = "https://\(self.node.linkAddress):15012"
        let root = authority.appending(path: "root-cert.pem").path
        return [
            "LOCAL_XDS_PATH": "", "SLIPSTREAM_CA_DIR": "", "XDS_ADDRESS": address, "CA_ADDRESS": address,
            "XDS_ROOT_CA": root, "CA_ROOT_CA": root, "AUTH_TOKEN": tokenFile(of: node).path,
            "ALT_XDS_HOSTNAME": "istiod.istio-system.svc", "ALT_CA_HOSTNAME": "istiod.istio-system.svc",
            "POD_NAME": node.proxyName, "POD_NAMESPACE": "slipstream-system", "INSTANCE_IP": node.linkAddress,
            "KUBERNETES_SERVICE_HOST": "",
        ]
    }

    /// Of a waypoint in this pod, with a token of its own.
    func environment(ofWaypoint pod: MeshPod) throws -> [String: String] {
        let token = directory.appending(path: "token-\(pod.name)")
        try tokens.token(of: pod, on: node).write(to: token, atomically: true, encoding: .utf8)
        return environment(of: node).merging([
            "AUTH_TOKEN": token.path, "POD_NAME": pod.name, "POD_NAMESPACE": pod.namespace,
            "SERVICE_ACCOUNT": pod.serviceAccount, "INSTANCE_IP": pod.address, "NODE_NAME": "node-\(pod.node)",
        ]) { $1 }
    }

    func start() throws {
        program = try Program(
            [
                "ip", "netns", "exec", node.namespaceName, Project.binary("controller"), "--source", manifests.path,
                "--ca", authority.path, "--token-keys", tokenKeys.path, "--api-socket", socket,
                "--log-format", "json",
            ] + options, output: log, errors: log)
        try eventually("the controller is ready; it says \((try? lines().last) ?? "nothing")", withinSeconds: 30) {
            try page("/readyz", port: 8080) != nil
        }
    }

    func stop() { program?.kill() }

    // MARK: - What it reads

    /// Replaces a file of manifests; nil removes it.
    func write(_ manifest: String?, to name: String) throws {
        let file = manifests.appending(path: "\(name).yaml")
        guard let manifest else { return try FileManager.default.removeItem(at: file) }
        try manifest.write(to: file, atomically: true, encoding: .utf8)
    }

    /// Tells of these pods, and of no others but the proxies.
    func tell(_ pods: [MeshPod]) throws {
        let namespaces = Set(pods.map(\.namespace)).union(["slipstream-system"]).sorted()
        let accounts = Set(pods.map { "\($0.namespace)/\($0.serviceAccount)" }).union(["slipstream-system/ztunnel"])
        let documents =
            namespaces.map { PodManifest.named("Namespace", $0) }
            + accounts.sorted().map { PodManifest.account($0) }
            + nodes.map { PodManifest.named("Node", "node-\($0.number)") }
            + nodes.map { PodManifest.proxy(on: $0) } + pods.map(PodManifest.pod)
        try write(documents.joined(separator: "\n---\n"), to: "world")
    }

    /// Gives a ztunnel another token, from its next call on.
    func give(_ token: String, to node: MeshNode) throws {
        try token.write(to: tokenFile(of: node), atomically: true, encoding: .utf8)
    }

    // MARK: - What it says

    /// Nil unless the answer is one of success.
    func page(_ path: String, port: Int = 15070, timeoutSeconds: Int = 30) throws -> String? {
        let outcome = try Command.run([
            "ip", "netns", "exec", node.namespaceName, "curl", "--silent", "--fail", "--max-time", "\(timeoutSeconds)",
            "http://127.0.0.1:\(port)\(path)",
        ])
        return outcome.status == 0 ? outcome.output : nil
    }

    /// How it stands with the roots.
    struct Roots: Decodable {
        struct Root: Decodable {
            let fingerprint: String
            let signs: Bool
        }
        struct Laggard: Decodable {
            let holder: String
            let reason: String
        }
        let roots: [Root]
        let rotation: String?
        let connected: Int
        let laggards: [Laggard]
    }

    func roots() throws -> Roots {
        try JSONDecoder().decode(Roots.self, from: Data((page("/api/authority") ?? "").utf8))
    }

    /// Begins to replace the root.
    func rotate() throws {
        try Command.succeed([
            "ip", "netns", "exec", node.namespaceName, "curl", "--silent", "--fail", "--max-time", "10", "--request",
            "POST", "http://127.0.0.1:15070/api/authority/rotation",
        ])
    }

    private struct Verdict: Decodable { let enforced: Bool }

    /// Waits until an object, as it is written now, is in force everywhere.
    func awaitEnforcement(of kind: String, _ name: String, in namespace: String = "shop") throws {
        let path = "/api/enforcement?kind=\(kind)&namespace=\(namespace)&name=\(name)&wait=20"
        let answer = try page(path) ?? "nothing"
        guard (try? JSONDecoder().decode(Verdict.self, from: Data(answer.utf8)))?.enforced == true else {
            throw Command.Failure(description: "\(kind) \(name) is not in force: \(answer)")
        }
    }

    /// The sum of a metric over all series in which this text occurs.
    func metric(_ name: String, _ label: String = "") throws -> Double {
        let page = try page("/metrics", port: 15014) ?? ""
        return page.split(separator: "\n").filter { $0.hasPrefix(name) && (label.isEmpty || $0.contains(label)) }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
    }

    func lines() throws -> [String] {
        try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").map(String.init)
    }
}

extension MeshNode {
    /// The name of its ztunnel's pod.
    var proxyName: String { "ztunnel-\(number)" }
}
