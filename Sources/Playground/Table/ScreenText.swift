/// What stands on a terminal, line by line. Pure.
struct ScreenText {
    var status: WorldStatus
    var proofs: [WorldStatus.Proof]
    var notes: [String]
    var connections: [Connection]
    var columns: Int
    var rows: Int
    var isColoured: Bool

    var lines: [String] {
        let head =
            [title] + controllerLine + status.nodes.map(nodeLine) + [""] + proofs.map { cut($0.line) } + notes.map(cut)
        let foot = ["", cut(footer)]
        let view = TableView(columns: columns, isColoured: isColoured)
        let room = max(0, rows - head.count - foot.count - 2)
        let rows = connections.suffix(room / 2).flatMap(view.lines)
        let filling = Array(repeating: "", count: max(0, room - rows.count))
        return (head + ["", view.header] + rows + filling + foot).suffix(self.rows)
    }

    private var title: String {
        let enrolled = status.pods.count { $0.mesh == "enabled" }
        let state: String
        switch status.phase {
        case .starting: state = "starting: waiting for \(status.waitingFor.first ?? "the mesh to be in force")"
        case .proving: state = "in force, proving it"
        case .ready: state = "in force"
        case .failed: state = "NOT AS CLAIMED"
        }
        let text =
            "slipstream playground · \(status.nodes.count) nodes · \(status.pods.count) pods, \(enrolled) in the mesh · \(state)"
        return isColoured ? "\u{1b}[1m\(cut(text))\u{1b}[0m" : cut(text)
    }

    private var controllerLine: [String] {
        guard let controller = status.controller else { return [] }
        return [cut("controller  \(controller.program.state)  \(status.convergence)")]
    }

    private func nodeLine(_ node: WorldStatus.Node) -> String {
        let programs = node.programs.map { "\($0.name) \($0.state)" }.joined(separator: ", ")
        let pods = status.pods.filter { $0.node == node.name }.map { "\($0.namespace)/\($0.name)" }
        return cut("\(node.name)  \(programs)  \(pods.joined(separator: " "))")
    }

    private var footer: String {
        "Ctrl-C ends and removes everything · elsewhere: slipstream playground status, slipstream playground exec NAMESPACE/POD -- sh"
    }

    private func cut(_ text: String) -> String {
        let line = text.split(separator: "\n", omittingEmptySubsequences: true).first.map(String.init) ?? ""
        return line.count > columns ? line.prefix(columns - 1) + "…" : line
    }
}
