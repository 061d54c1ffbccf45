import Glibc
import Testing

extension Scenarios {
    /// Processes die and come back; pods are not touched.
    @Suite struct RestartScenarios {
        @Test func `while ztunnel is dead its pods' connections fail, and go again once it is back`() throws {
            let mesh = try NamespaceMesh { $0.policies = [.strict] }
            try mesh.serve(in: .server)
            #expect(try mesh.ask(from: .client, MeshPod.server.address).text == "hello")
            mesh.nodes[0].ztunnel?.kill()
            #expect(try mesh.ask(from: .client, MeshPod.server.address).text == nil)
            try mesh.nodes[0].startZtunnel()
            #expect(try mesh.askUntilAnswered(from: .client, MeshPod.server.address).client == MeshPod.client.address)
        }

        @Test func `a source outlives the ztunnel of its destination`() throws {
            let mesh = try NamespaceMesh()
            try mesh.serve(in: .server)
            for _ in 0..<3 {
                #expect(try mesh.askUntilAnswered(from: .client, MeshPod.server.address).text == "hello")
                mesh.nodes[1].ztunnel?.kill()
                #expect(try mesh.ask(from: .client, MeshPod.server.address).text == nil)
                try mesh.nodes[1].startZtunnel()
            }
            #expect(try mesh.askUntilAnswered(from: .client, MeshPod.server.address).text == "hello")
        }

        @Test func `a node-agent that dies leaves its pods in the mesh, and takes them over when it is back`() throws {
            let mesh = try NamespaceMesh { $0.policies = [.strict] }
            try mesh.serve(in: .server)
            let transfer = try mesh.startSteadyTransfer(from: .client, MeshPod.server.address, seconds: 3)
            mesh.nodes[0].agent?.kill()
            #expect(try mesh.ask(from: .client, MeshPod.server.address).text == "hello")
            try mesh.nodes[0].startAgent()
            let newcomer = MeshPod(name: "newcomer", node: 1, number: 12)
            try mesh.addPod(newcomer)
            try mesh.publish()
            try mesh.enrol(newcomer)
            #expect(try mesh.askUntilAnswered(from: newcomer, MeshPod.server.address).text == "hello")
            #expect(try transfer.summary().wrong == nil)
        }

        @Test func `both may be restarted at once`() throws {
            let mesh = try NamespaceMesh { $0.policies = [.strict] }
            try mesh.serve(in: .server)
            for node in mesh.nodes { node.stop() }
            #expect(try mesh.ask(from: .client, MeshPod.server.address).text == nil)
            for node in mesh.nodes { try node.start() }
            #expect(try mesh.askUntilAnswered(from: .client, MeshPod.server.address).client == MeshPod.client.address)
        }

        @Test func `a ztunnel that is asked to end lets transfers finish, and ends`() throws {
            let mesh = try NamespaceMesh()
            try mesh.serve(in: .server)
            let transfer = try mesh.startSteadyTransfer(from: .client, MeshPod.server.address, seconds: 2)
            mesh.nodes[0].ztunnel?.signal(SIGTERM)
            #expect(try transfer.summary().wrong == nil)
            #expect(mesh.nodes[0].ztunnel?.wait(seconds: 10) == 0)
        }
    }
}
