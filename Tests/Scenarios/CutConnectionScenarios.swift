import Mesh
import Testing

extension Scenarios {
    /// Connections that end, by FIN or by RST, after each byte of the handshake and of the first exchange.
    @Suite struct CutConnectionScenarios {
        @Test func `a client may break off anywhere: each time is one line of log, and nothing is left`() throws {
            try withServedMesh { mesh in
                let node = mesh.nodes[1]
                let failuresBefore = try node.metric("slipstream_failures_total")
                let transfer = try mesh.startSteadyTransfer(from: .client, MeshPod.server.address, seconds: 5)
                let cuts = try mesh.cutAsClient(from: .outsider, at: .server)
                #expect(cuts.cuts.count > 50)
                #expect(try transfer.summary().wrong == nil)

                try eventually("each of \(cuts.cuts.count) connections is counted") {
                    try Int(node.metric("slipstream_failures_total") - failuresBefore) == cuts.cuts.count
                }
                // Of who resets before it was accepted nobody knows who it was.
                let nameless = Int(try node.metric("slipstream_failures_total", ["stage": "accept"]))
                let lines = try failures(at: node, inbound: true)
                #expect(lines.count == cuts.cuts.count - nameless)
                for cut in cuts.cuts {
                    let own = lines["\(MeshPod.outsider.address):\(cut.port)", default: []]
                    #expect((cut.by == "rst" ? 0...1 : 1...1).contains(own.count), "\(cut): \(own)")
                    #expect(own.allSatisfy { $0["error"]?.isEmpty == false })
                }
            }
        }

        @Test func `a server may break off anywhere: its callers are reset, with one line of log each`() throws {
            let broken = MeshPod(name: "broken", node: 2, number: 30, isEnrolled: false)
            let pods = [MeshPod.client, .server, .outsider, broken]
            let pretence = { (workload: inout Workload) in
                guard workload.name == broken.name else { return }
                workload.tunnelProtocol = .hbone
                workload.serviceAccount = MeshPod.server.name
            }
            try withServedMesh(pods: pods, adjust: pretence) { mesh in
                let node = mesh.nodes[0]
                let transfer = try mesh.startSteadyTransfer(from: .client, MeshPod.server.address, seconds: 5)
                let (cuts, calls) = try mesh.cutAsServer(in: broken, calledBy: .client)
                #expect(cuts.cuts.count > 50)
                #expect(try transfer.summary().wrong == nil)

                // The first exchange was whole; and the last call may have found nobody.
                #expect(calls.first?.outcome == "eof")
                #expect(calls.dropFirst().allSatisfy { $0.outcome == "reset" })
                // The kernel gives a port again that a connection has left by a reset.
                let byPort = Dictionary(grouping: calls.dropFirst()) { "\(MeshPod.client.address):\($0.port)" }
                try eventually("each of \(byPort.count) callers has a line") {
                    try failures(at: node, inbound: false).count == byPort.count
                }
                for (caller, lines) in try failures(at: node, inbound: false) {
                    #expect(lines.count == byPort[caller]?.count, "\(lines)")
                    #expect(lines.allSatisfy { $0["error"]?.isEmpty == false })
                }
            }
        }
    }
}

/// The lines of failed connections, by client.
private func failures(at node: MeshNode, inbound: Bool) throws -> [String: [AccessLogLine]] {
    Dictionary(
        grouping: try node.accessLog().filter { $0.failed && $0.isInbound == inbound }, by: { $0["src.addr"] ?? "" })
}
