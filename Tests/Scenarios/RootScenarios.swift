import Foundation
import Glibc
import Mesh
import Testing

extension Scenarios {
    /// What becomes of connections when it is another root that is trusted, or a certificate is trusted no more.
    @Suite struct RootScenarios {
        @Test
        func `a root is replaced under traffic, with a controller that is killed between, and no failed handshake`()
            throws
        {
            let mesh = try NamespaceMesh {
                $0.hasController = true
                $0.controllerOptions = ["--root-settling", "1"]
                // So that tunnels are made again and again.
                for node in $0.nodes { node.environment["POOL_UNUSED_RELEASE_TIMEOUT"] = "1s" }
            }
            let controller = try #require(mesh.controller)
            for pod in [MeshPod.server, .client] { try mesh.serve(in: pod) }
            #expect(try mesh.askUntilAnswered(from: .client, MeshPod.server.address).text == "hello")
            #expect(try mesh.askUntilAnswered(from: .neighbour, MeshPod.client.address).text == "hello")
            let before = try controller.roots()
            #expect(before.rotation == nil && before.roots.count == 1)
            let certificates = try mesh.nodes.map { try $0.certificates() }

            let mix: NamespaceMesh.Occupation<NamespaceMesh.Mix> = try mesh.occupy(
                .client, "mix", MeshPod.server.address, seconds: 24, ["--parallel", "3", "--bytes", "20000"])
            let asked: NamespaceMesh.Occupation<Asked> = try mesh.occupy(
                .neighbour, "watch", MeshPod.client.address, seconds: 24, ["--pause", "2.1"])
            let long = try mesh.startSteadyTransfer(from: .client, MeshPod.server.address, seconds: 12)

            try controller.rotate()
            #expect(try controller.roots().roots.count == 2)
            controller.stop()
            try controller.start()
            try eventually("the new root signs; waited for: \(laggards(controller))", withinSeconds: 40) {
                try controller.roots().rotation == "signing"
            }
            controller.stop()
            try controller.start()
            // The long transfer's tunnel rests on the old root.
            try eventually("everybody has new certificates", withinSeconds: 20) {
                try zip(mesh.nodes, certificates).allSatisfy { node, old in
                    try node.certificates().allSatisfy { old[$0.key] != $0.value }
                }
            }
            usleep(4_000_000)
            let during = try controller.roots()
            #expect(during.rotation == "signing" && during.roots.count == 2)
            #expect(during.laggards.contains { $0.reason.contains("below the old root") })
            #expect(try long.summary().wrong == nil)
            try eventually("the old root is gone; waited for: \(laggards(controller))", withinSeconds: 40) {
                try controller.roots().rotation == nil
            }
            let after = try controller.roots()
            #expect(after.roots.count == 1 && after.roots[0].fingerprint != before.roots[0].fingerprint)
            for _ in 0..<5 { #expect(try mesh.ask(from: .client, MeshPod.server.address).text == "hello") }

            let carried = try mix.summary()
            #expect(carried.wrong == [] && carried.connections > 20)
            _ = try? asked.summary()
            let answers = try asked.lines.map { try JSONDecoder().decode(Asked.self, from: Data($0.utf8)) }
            #expect(answers.count > 5 && answers.allSatisfy { $0.text != nil })
            for node in mesh.nodes {
                for reason in ["tls_peer_certificate", "tls_refused_by_peer", "tls_peer_identity", "tls_protocol"] {
                    #expect(try node.metric("slipstream_failures_total", ["reason": reason]) == 0, "\(reason)")
                }
            }
        }

        private struct Asked: Decodable {
            let text: String?
        }

        private func laggards(_ controller: MeshController) -> String {
            (try? controller.roots().laggards.map { "\($0.holder) \($0.reason)" }.joined(separator: ", ")) ?? "?"
        }

        @Test func `a revoked certificate is refused, and a connection that rests on it is over`() throws {
            let mesh = try NamespaceMesh { $0.hasController = true }
            let controller = try #require(mesh.controller)
            for pod in [MeshPod.server, .neighbour] { try mesh.serve(in: pod) }
            #expect(try mesh.askUntilAnswered(from: .client, MeshPod.server.address).text == "hello")
            let spared = try mesh.startSteadyTransfer(from: .neighbour, MeshPod.server.address, seconds: 6)
            let cut = try mesh.startSteadyTransfer(from: .client, MeshPod.server.address, seconds: 60)
            let serial = try #require(try mesh.nodes[0].certificates()[MeshPod.client.identity]?.first)

            try controller.revoke(serial)
            let line = try #require(try awaitLine(mesh.nodes[1]) { $0["error"]?.contains("revoked") == true })
            #expect(line["error"]?.contains(MeshPod.client.identity) == true, "\(line)")
            #expect(try cut.summary().wrong != nil)
            #expect(try mesh.ask(from: .client, MeshPod.server.address).text == nil)
            #expect(
                try mesh.nodes[1].metric("istio_tcp_connections_failed_total", ["response_flags": "CERT_REVOKED"]) > 0)
            #expect(try mesh.ask(from: .neighbour, MeshPod.server.address).text == "hello")
            #expect(try spared.summary().wrong == nil)

            // A list that nobody can read changes nothing, and one that revokes nothing lets the client in again.
            try controller.setRevocations("nonsense")
            try eventually("the controller says so") { try controller.lines().contains { $0.contains("ca-crl.pem") } }
            #expect(try mesh.ask(from: .client, MeshPod.server.address).text == nil)
            try controller.setRevocations(nil)
            #expect(try mesh.askUntilAnswered(from: .client, MeshPod.server.address).text == "hello")

            // The other end refuses as well.
            let server = try #require(try mesh.nodes[1].certificates()[MeshPod.server.identity]?.first)
            try controller.revoke(server)
            try eventually("nobody speaks to it") {
                try mesh.ask(from: .client, MeshPod.server.address).text == nil
            }
            _ = try mesh.ask(from: .client, MeshPod.server.address)
            let refusal = try #require(
                try awaitLine(mesh.nodes[0]) { $0.isOutbound && $0["error"]?.contains("revoked") == true })
            #expect(refusal["error"]?.contains(MeshPod.server.identity) == true, "\(refusal)")
            #expect(try mesh.ask(from: .client, MeshPod.neighbour.address).text == "hello")
        }
    }
}
