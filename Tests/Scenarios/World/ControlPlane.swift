import Discovery
import Foundation
import Mesh

/// A control plane of another stack on each node's loopback (Tests/Support/control_plane.py), told by files what the mesh is.
final class ControlPlane {
    private let directory: URL
    private let authority: String
    private var programs: [Int: Program] = [:]

    init(meshDirectory: URL) throws {
        directory = meshDirectory.appending(path: "control-plane")
        authority = meshDirectory.appending(path: "certificates/authority").path
        for kind in ["address", "authorization"] {
            try FileManager.default.createDirectory(
                at: directory.appending(path: kind), withIntermediateDirectories: true)
        }
        try Data("secret\n".utf8).write(to: token)
    }

    private var token: URL { directory.appending(path: "token") }

    /// Of a ztunnel that is to be configured by it.
    var environment: [String: String] {
        [
            "LOCAL_XDS_PATH": "", "SLIPSTREAM_CA_DIR": "", "XDS_ADDRESS": "https://localhost:15012",
            "CA_ADDRESS": "https://localhost:15012", "XDS_ROOT_CA": "\(authority)/root-cert.pem",
            "CA_ROOT_CA": "\(authority)/root-cert.pem", "AUTH_TOKEN": token.path, "KUBERNETES_SERVICE_HOST": "",
        ]
    }

    func start(on node: MeshNode) throws {
        let before = heard(by: node).filter { $0.event == "listening" }.count
        let output = log(of: node)
        programs[node.number] = try Program(
            ["ip", "netns", "exec", node.namespaceName] + Project.script("control_plane") + [
                directory.path, "--authority", authority, "--token", token.path,
            ], output: output, errors: output)
        try eventually("the control plane of node \(node.number) listens") {
            heard(by: node).filter { $0.event == "listening" }.count > before
        }
    }

    func stop(on node: MeshNode) {
        programs.removeValue(forKey: node.number)?.kill()
    }

    /// How it behaves to streams that begin from now on.
    func behave(_ manner: String) throws {
        try Data(manner.utf8).write(to: directory.appending(path: "manner"), options: .atomic)
    }

    /// Tells this, and nothing else.
    func tell(_ configuration: MeshConfiguration) throws {
        let addresses =
            configuration.workloads.map(MeshResource.workload) + configuration.services.map(MeshResource.service)
        try write(addresses, .address, "address")
        try write(configuration.policies.map(MeshResource.policy), .authorization, "authorization")
    }

    private func write(_ resources: [MeshResource], _ type: ResourceType, _ kind: String) throws {
        let folder = directory.appending(path: kind)
        let files = Dictionary(
            resources.map { resource in
                (resource.name.map { $0.isLetter || $0.isNumber ? String($0) : "-" }.joined() + ".resource", resource)
            }
        ) { $1 }
        for old in try FileManager.default.contentsOfDirectory(atPath: folder.path)
        where old.hasSuffix(".resource") && files[old] == nil {
            try FileManager.default.removeItem(at: folder.appending(path: old))
        }
        for (name, resource) in files {
            let content = Data("\(resource.name)\n".utf8) + Data(resource.encoded(as: type))
            let path = folder.appending(path: name)
            // Unchanged files stay: each change here is one to the proxies.
            guard (try? Data(contentsOf: path)) != content else { continue }
            try content.write(to: path, options: .atomic)
        }
    }

    // MARK: - What it heard

    struct Line: Decodable {
        let event: String
        let type: String?
        let error: String?
        let versions: Int?
        let identity: String?
    }

    func heard(by node: MeshNode) -> [Line] {
        let text = (try? String(contentsOfFile: log(of: node), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { try? JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    }

    private func log(of node: MeshNode) -> String { node.log("control-plane") }
}
