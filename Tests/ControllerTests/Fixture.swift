import Controller
import Foundation
import Mesh
import Testing

/// Objects from manifests in a test's source; what is wrong with them fails the test.
func objects(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) -> [KubernetesObject] {
    let file = ManifestReader.read(text, file: "test.yaml")
    for diagnostic in file.diagnostics { Issue.record("\(diagnostic)", sourceLocation: sourceLocation) }
    return file.manifests.map(\.object)
}

func translation(
    _ text: String, settings: MeshSettings = MeshSettings(), sourceLocation: SourceLocation = #_sourceLocation
) -> Translation {
    Translation(of: MeshModel(objects(text, sourceLocation: sourceLocation)), settings: settings)
}

extension Translation {
    func workload(_ name: String) throws -> Workload {
        try #require(configuration.workloads.first { $0.name == name })
    }

    func service(_ name: String) throws -> Service {
        try #require(configuration.services.first { $0.name == name })
    }

    func policy(_ name: String) throws -> AuthorizationPolicy {
        try #require(configuration.policies.first { $0.name == name })
    }

    /// What a caller with this service account (`namespace/name`), or without identity, gets told at a pod's port.
    func decision(
        at pod: String, port: UInt16 = 8080, from caller: String?, source: String = "10.9.9.9"
    ) throws -> AuthorizationDecision {
        let snapshot = Snapshot(configuration)
        let entry = try #require(snapshot.workload(uid: "Kubernetes//Pod/\(pod)"))
        let account = caller.flatMap { NamespacedName($0) }
        return snapshot.policies(of: entry).decide(
            ConnectionAttributes(
                source: try #require(IPAddress(source)),
                sourceIdentity: account.map {
                    SPIFFEIdentity(trustDomain: "cluster.local", namespace: $0.namespace, serviceAccount: $0.name)
                },
                destination: SocketAddress(try #require(entry.workload.addresses.first), port)))
    }

    func allows(
        at pod: String, port: UInt16 = 8080, from caller: String?, source: String = "10.9.9.9"
    ) throws -> Bool {
        try decision(at: pod, port: port, from: caller, source: source).isAllowed
    }
}

/// A running pod of namespace `shop` on port 8080.
func pod(_ name: String, app: String? = nil, address: String = "10.244.1.2", extra: String = "") -> String {
    """
    ---
    apiVersion: v1
    kind: Pod
    metadata:
      name: \(name)
      namespace: shop
      labels: {app: \(app ?? name), tier: back}
      annotations: {ambient.istio.io/redirection: enabled}
    spec:
      serviceAccountName: \(app ?? name)
      nodeName: node-1
      containers:
      - name: main
        ports: [{name: http, containerPort: 8080}, {name: dns, containerPort: 53, protocol: UDP}]
    status:
      phase: Running
      podIP: \(address)
      conditions: [{type: Ready, status: "True"}]
    \(extra)

    """
}

/// A policy of the given kind for `shop`, or another namespace.
func policy(
    _ name: String, kind: String = "AuthorizationPolicy", namespace: String = "shop", extra: String = "", spec: String
) -> String {
    let lines = spec.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }
    return """
        ---
        apiVersion: security.istio.io/v1
        kind: \(kind)
        metadata: {name: \(name), namespace: \(namespace)\(extra)}
        spec:
        \(lines.joined(separator: "\n"))

        """
}

/// A directory that goes away with the value.
final class TemporaryDirectory {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/slipstream-controller-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(path)/\(name)"))
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }
}
