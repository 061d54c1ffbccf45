import Testing

extension Scenarios {
    /// The socket between a node's agent and its proxy, with something else at one of its ends.
    @Suite struct HostileAgentScenarios {
        @Test func `whatever an agent says, its proxy goes on serving the pods it has`() throws {
            try withServedMesh { mesh in
                let node = mesh.nodes[1]
                let transfer = try mesh.startSteadyTransfer(from: .client, MeshPod.server.address, seconds: 10)
                node.agent?.kill()
                #expect(try mesh.offend(as: "agent", at: node, MeshPod.server.uid, MeshPod.neighbour.uid) >= 20)
                #expect(try transfer.summary().wrong == nil)
                #expect(node.ztunnel?.isRunning == true)
                #expect(try mesh.ask(from: .client, MeshPod.server.address).text == "hello")
                #expect(try node.metric("slipstream_failures_total", ["stage": "zds", "reason": "bad_request"]) >= 10)
                let lines = try node.lines(scope: "zds").filter { $0.contains("no node agent") }
                #expect((1...40).contains(lines.count), "\(lines.count) lines")

                try node.startAgent()
                try eventually("the proxy has found its agent again", withinSeconds: 40) {
                    (try? node.page("/healthz/ready", port: 15021)) == "ready\n"
                }
            }
        }

        @Test func `whatever a proxy says, the agent goes on with the one it has`() throws {
            try withServedMesh { mesh in
                let node = mesh.nodes[1]
                #expect(try mesh.offend(as: "proxy", at: node) >= 12)
                #expect(node.agent?.isRunning == true)
                let newcomer = MeshPod(name: "newcomer", node: 2, number: 22)
                try mesh.addPod(newcomer)
                try mesh.publish()
                try mesh.enrol(newcomer)
                try mesh.serve(in: newcomer)
                #expect(try mesh.askUntilAnswered(from: .client, newcomer.address).text == "hello")
            }
        }
    }
}
