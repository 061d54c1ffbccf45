/// `slipstream playground status`.
package struct ShowStatus {
    package enum Format: String, CaseIterable, Sendable { case text, wide, json }

    private let format: Format

    package init(format: Format) {
        self.format = format
    }

    package func run() throws -> Int32 {
        let status = try StatusClient.require(.standard)
        switch format {
        case .json: Output.write(String(decoding: status.json, as: UTF8.self))
        case .text, .wide: Output.write(StatusText(status: status, isWide: format == .wide).text)
        }
        return 0
    }
}

extension WorldStatus {
    /// How far the proxies are, in words.
    var convergence: String {
        "version \(controller?.version ?? 0), \(nodes.count(where: \.proxy.inSync)) of \(nodes.count) proxies in sync"
    }
}

extension WorldStatus.Proxy {
    fileprivate var word: String {
        guard connected else { return "not connected" }
        guard rejections.isEmpty else { return "rejects \(rejections.keys.sorted().joined(separator: ", "))" }
        return inSync ? "in sync" : "behind, at version \(acknowledged)"
    }
}

extension WorldStatus.Program {
    fileprivate var text: String { "\(name) \(state)" + (restarts > 0 ? " (\(restarts) restarts)" : "") }
}

/// A world's status for people. Pure.
struct StatusText {
    var status: WorldStatus
    var isWide: Bool

    var text: String {
        [head, controller, Self.table(nodes), Self.table(pods), Self.table(services), proofs, problems].filter {
            !$0.isEmpty
        }
        .joined(separator: "\n\n") + "\n"
    }

    private var head: String {
        let phase: String
        switch status.phase {
        case .starting: phase = "starting, waits for \(status.waitingFor.joined(separator: "; "))"
        case .proving: phase = "in force, being proved"
        case .ready: phase = "in force"
        case .failed: phase = "not as claimed"
        }
        return "playground: \(phase) (process \(status.process), manifests \(status.manifests))"
    }

    private var controller: String {
        guard let controller = status.controller else { return "" }
        let state = controller.program.text + (controller.ready ? ", \(status.convergence)" : ", not ready")
        return "\(state) (\(controller.address))"
    }

    private var nodes: [[String]] {
        let rows = status.nodes.map { node in
            let programs = node.programs.map(\.text).joined(separator: ", ")
            return [node.name, node.address, node.podNetwork, node.proxy.word, programs]
        }
        return [["NODE", "ADDRESS", "PODS", "PROXY", "PROGRAMS"]] + rows
    }

    private var pods: [[String]] {
        guard !status.pods.isEmpty else { return [] }
        let rows = status.pods.map { pod in
            let common = [
                pod.namespace, pod.name, pod.node, pod.ip, pod.ready ? "\(pod.phase), ready" : pod.phase,
                String(pod.restarts), pod.mesh, pod.mesh == "outside" ? "-" : pod.identity,
            ]
            return common + (isWide ? [pod.networkNamespace] : []) + [pod.message]
        }
        let titles = ["NAMESPACE", "POD", "NODE", "IP", "STATE", "RESTARTS", "MESH", "IDENTITY"]
        return [titles + (isWide ? ["NETNS"] : []) + [""]] + rows
    }

    private var services: [[String]] {
        guard !status.services.isEmpty else { return [] }
        let rows = status.services.map {
            [$0.namespace, $0.name, $0.address, $0.ports.joined(separator: ","), String($0.endpoints)]
        }
        return [["NAMESPACE", "SERVICE", "ADDRESS", "PORTS", "READY"]] + rows
    }

    private var proofs: String { status.proofs.map(\.line).joined(separator: "\n") }

    private var problems: String {
        guard !status.problems.isEmpty else { return "" }
        return (["manifests:"] + status.problems.map { "  \($0)" }).joined(separator: "\n")
    }

    /// Columns as wide as their widest cell, three blanks apart, as kubectl has them.
    private static func table(_ rows: [[String]]) -> String {
        let columns = rows.first?.count ?? 0
        let widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (cell, width) in zip(row, widths) {
                line += cell + String(repeating: " ", count: width - cell.count + 3)
            }
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }
}
