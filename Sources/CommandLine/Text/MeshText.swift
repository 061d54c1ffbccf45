import Controller

/// How the mesh stands, for people: a sentence, the proxies, and whatever is not as it should be. Pure.
struct MeshText {
    let mesh: MeshDescription
    var isWide = false
    /// In seconds of the Unix epoch.
    let now: Int

    var text: String {
        ([mesh.summary + ".\n", proxies, notEnforced] + lists).filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private var proxies: String {
        guard !mesh.proxies.isEmpty else { return "" }
        var table = TextTable(
            titles: ["PROXY", "ROLE", "NODE", "VERSION", "STATE", "CERTIFICATE"]
                + (isWide ? ["PROCESS", "CHANGE"] : [])
                + ["REASON"])
        table.rows = mesh.proxies.map { proxy in
            let certificate = isWide ? proxy.certificateEnd ?? "" : TimeLeft.text(until: proxy.certificateEnd, now: now)
            let wide = isWide ? [proxy.process, "\(proxy.acknowledged)/\(mesh.version)"] : []
            return [proxy.name, proxy.role, proxy.node, proxy.version, proxy.sync.text, certificate] + wide
                + [reason(proxy)]
        }
        if table.rows.allSatisfy({ $0.last?.isEmpty != false }) {
            table = TextTable(titles: table.titles.dropLast(), rows: table.rows.map { $0.dropLast() })
        }
        return table.text
    }

    private func reason(_ proxy: ProxyDescription) -> String {
        guard proxy.isOurs else {
            return proxy.reason.isEmpty ? "what it acknowledges it has only received" : proxy.reason
        }
        return proxy.reason
    }

    private var notEnforced: String {
        guard !mesh.notEnforced.isEmpty else { return "" }
        var table = TextTable(titles: ["NOT ENFORCED EVERYWHERE", "ENFORCED", "WHY NOT"])
        table.rows = mesh.notEnforced.map { [$0.object, $0.tally, $0.obstacle ?? $0.firstLaggard] }
        return table.text
    }

    private var lists: [String] {
        [
            list("Nodes with pods in the mesh, and without a proxy:", mesh.nodesWithoutProxy),
            list("Pods that are not enrolled yet:", mesh.pods.pending),
            list("Pods that are about to leave the mesh:", mesh.pods.leaving),
            list("What cannot be read; what it held before stays in force:", mesh.problems.map(\.text)),
        ]
    }

    private static let listLimit = 20

    private func list(_ title: String, _ lines: [String]) -> String {
        guard !lines.isEmpty else { return "" }
        let shown = lines.prefix(isWide ? lines.count : Self.listLimit).map { "  \($0.printable)\n" }
        let rest = lines.count - shown.count
        return title + "\n" + shown.joined() + (rest > 0 ? "  and \(rest) more; -o wide shows all\n" : "")
    }
}

extension EnforcementDescription {
    /// `1/2`.
    var tally: String { "\(enforcing)/\(total)" }

    /// `2/2 proxies`, and who is not among them and why.
    var sentence: String {
        if let obstacle { return "nowhere: \(obstacle)" }
        if total == 0 { return "no proxy has to do with it at present" }
        let proxies = "\(tally) \(total == 1 ? "proxy" : "proxies")"
        return laggards.isEmpty ? proxies : "\(proxies): \(firstLaggard)"
    }

    var firstLaggard: String {
        guard let first = laggards.first else { return "" }
        return first.sentence + (laggards.count > 1 ? "; and \(laggards.count - 1) more" : "")
    }
}

extension EnforcementDescription.Laggard {
    var sentence: String { node.isEmpty || node == name ? "\(name) \(reason)" : "\(name) on \(node) \(reason)" }
}
