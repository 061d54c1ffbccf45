import Foundation
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

        /// What an agent of another version may have written: `nft` as it lists it, changed by `sed`.
        enum OtherRules: String, CaseIterable {
            case anotherZone = "s/zone set 1/zone set 7/;/ct timeout set/d"
            case noZone = "/chain raw-output/,/}/d;/ct timeout set/d"
            case noTimeouts = "/ct timeout set/d"
        }

        @Test(arguments: OtherRules.allCases)
        func `an agent of another version takes pods over, and neither cuts nor stalls a connection`(
            rules: OtherRules
        ) throws {
            let mesh = try NamespaceMesh { $0.policies = [.strict] }
            try mesh.serve(in: .server)
            for node in mesh.nodes { node.agent?.kill() }
            for pod in [MeshPod.client, .server] {
                let swap =
                    "nft list table inet slipstream | sed '\(rules.rawValue)' > rules && "
                    + "(echo 'delete table inet slipstream'; cat rules) | nft -f -"
                let outcome = try mesh.run(
                    in: pod, ["sh", "-c", "cd \(mesh.directory.path) && \(swap)"])
                #expect(outcome.status == 0, "\(outcome)")
            }
            let transfer = try mesh.startSteadyTransfer(from: .client, MeshPod.server.address, seconds: 6)
            let calls = try mesh.startCalls(from: .client, MeshPod.server.address, parallel: 1)
            usleep(500_000)
            for node in mesh.nodes { try node.startAgent() }
            for (node, pod) in zip(mesh.nodes, [MeshPod.client, .server]) {
                try eventually("the agent has loaded its own rules") {
                    let log = try String(contentsOfFile: node.log("node-agent"), encoding: .utf8)
                    return log.contains("other rules were found") && node.state(of: pod) == "enabled"
                }
            }
            #expect(try mesh.ask(from: .client, MeshPod.server.address).text == "hello")
            #expect(try transfer.summary().wrong == nil)
            calls.stop()
            let summary = try calls.summary()
            #expect(summary.wrong == [])
            #expect(summary.kept > 100)
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
