import Controller
import Foundation
import Mesh
import Playground

/// `slipstream config …`: what proxies themselves say that they hold.
package struct ShowConfig {
    private let part: ConfigPart
    /// Nil for all.
    private let namespace: String?
    private let format: OutputFormat

    package init(_ part: ConfigPart, namespace: String?, format: OutputFormat) {
        self.part = part
        self.namespace = namespace
        self.format = format
    }

    /// - Parameters:
    ///   - proxy: a node, or a proxy's or waypoint's pod; nil for those of all nodes.
    ///   - address: where a proxy is asked instead, such as `127.0.0.1:15000`.
    package func run(proxy: String?, address: String?, _ client: () throws -> ControllerClient) throws
        -> Int32
    {
        if let address {
            guard let place = SocketAddress(address) else {
                throw CommandFailure("--admin: expected an address and port such as 127.0.0.1:15000, found \(address)")
            }
            try show([ProxyQuestion(name: address, networkNamespace: nil, address: place)])
        } else {
            try show(questions(proxy, client))
        }
        return 0
    }

    private func questions(
        _ proxy: String?, _ client: () throws -> ControllerClient
    ) throws -> [ProxyQuestion] {
        let nodes = try PlaygroundProxy.ofNodes()
        guard let proxy else { return nodes.map(ProxyQuestion.init) }
        if let node = nodes.first(where: { $0.name == proxy }) { return [ProxyQuestion(node)] }
        let known = try client().require([ProxyDescription].self, "/api/proxies")
        let name = proxy.hasPrefix("pod/") ? String(proxy.dropFirst(4)) : proxy
        let found = known.first { $0.name == name || $0.name.hasSuffix("/\(name)") }
        if let found, let node = nodes.first(where: { $0.name == found.node }), found.role == "ztunnel" {
            return [ProxyQuestion(node)]
        }
        if let pod = NamespacedName(found?.name ?? name), let inPod = try PlaygroundProxy.inPod(pod) {
            return [ProxyQuestion(inPod)]
        }
        let names = nodes.map(\.name) + known.map(\.name)
        throw CommandFailure("there is no proxy \(proxy); there are\n    \(names.joined(separator: "\n    "))")
    }

    private func show(_ questions: [ProxyQuestion]) throws {
        var answers: [Answer] = []
        for question in questions {
            let data = try question.dump()
            answers.append(try Answer(proxy: question.name, data, part))
        }
        if let structured = answers.count == 1
            ? format.structured(answers[0]) : format.structured(Items(items: answers))
        {
            return StandardOutput.write(structured)
        }
        let now = Int(Date().timeIntervalSince1970)
        let texts = answers.map { answer in
            let table = ConfigTable(dump: answer.dump, namespace: namespace, isWide: format == .wide, now: now)
            return (answers.count > 1 ? "\(answer.proxy):\n" : "") + table.text(part)
        }
        StandardOutput.write(texts.joined(separator: "\n"))
    }

    /// What one proxy said. Programs get it in its own words.
    private struct Answer: Encodable {
        let proxy: String
        let held: JSONValue
        let dump: ProxyDump

        private enum Key: String, CodingKey { case proxy, held }

        init(proxy: String, _ data: Data, _ part: ConfigPart) throws(CommandFailure) {
            self.proxy = proxy
            do {
                dump = try JSONDecoder().decode(ProxyDump.self, from: data)
                let all = try JSONDecoder().decode([String: JSONValue].self, from: data)
                held = all[part.field] ?? .null
            } catch {
                throw CommandFailure(
                    "the proxy \(proxy) says what this program does not understand; it may be of another version")
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(proxy, forKey: .proxy)
            try container.encode(held, forKey: .held)
        }
    }
}
