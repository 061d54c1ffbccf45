import Foundation
import Glibc
import Mesh
import Testing

extension Scenarios {
    /// ztunnels that a control plane configures, and whose certificates it signs.
    @Suite struct ControlPlaneScenarios {
        @Test func `a mesh is configured, certified and changed by its control plane`() throws {
            let mesh = try NamespaceMesh { $0.isControlled = true }
            let plane = try #require(mesh.controlPlane)
            try mesh.serve(in: .server)
            #expect(try mesh.askUntilAnswered(from: .client, MeshPod.server.address).text == "hello")
            #expect(plane.heard(by: mesh.nodes[0]).contains { $0.identity == MeshPod.client.identity })
            let held = try mesh.nodes[0].certificates()
            #expect(Set(held.keys) == [MeshPod.client.identity])

            // A policy is acknowledged once it is in force: from then on nobody gets through.
            let answers = plane.heard(by: mesh.nodes[1]).filter { $0.event == "answer" }.count
            mesh.policies = [.refuseAll]
            try mesh.publish()
            try eventually("the policy is acknowledged") {
                plane.heard(by: mesh.nodes[1]).filter { $0.event == "answer" }.count > answers
            }
            for _ in 0..<20 { #expect(try mesh.ask(from: .client, MeshPod.server.address).text == nil) }
            mesh.policies = []
            try mesh.publish()
            #expect(try mesh.askUntilAnswered(from: .client, MeshPod.server.address).text == "hello")
        }

        @Test func `without a control plane traffic goes on, and a proxy that starts admits nothing`() throws {
            let mesh = try NamespaceMesh { $0.isControlled = true }
            let plane = try #require(mesh.controlPlane)
            try mesh.serve(in: .server)
            #expect(try mesh.askUntilAnswered(from: .client, MeshPod.server.address).text == "hello")
            for node in mesh.nodes { plane.stop(on: node) }
            for _ in 0..<5 { #expect(try mesh.ask(from: .client, MeshPod.server.address).text == "hello") }

            mesh.nodes[1].ztunnel?.kill()
            try mesh.nodes[1].startZtunnel()
            try eventually("it says what it waits for") {
                try mesh.nodes[1].lines(scope: "xds").contains { $0.contains("nothing is admitted until") }
            }
            #expect(try mesh.ask(from: .client, MeshPod.server.address).text == nil)

            for node in mesh.nodes { try plane.start(on: node) }
            #expect(
                try mesh.askUntilAnswered(from: .client, MeshPod.server.address, withinSeconds: 40).text == "hello")
            // Who knew everything is told nothing again.
            try eventually("node 1 is back") { plane.heard(by: mesh.nodes[0]).contains { $0.versions ?? 0 > 0 } }
        }

        @Test func `a worker that is stopped holds up the acknowledgement`() throws {
            let mesh = try NamespaceMesh { $0.isControlled = true }
            let plane = try #require(mesh.controlPlane)
            let node = mesh.nodes[1]
            try eventually("all is acknowledged") {
                plane.heard(by: node).filter { $0.event == "answer" }.count >= 2
            }
            // A stopped process stands for a stopped worker: nothing in it may acknowledge on the worker's behalf.
            node.ztunnel?.signal(SIGSTOP)
            let answers = plane.heard(by: node).filter { $0.event == "answer" }.count
            mesh.policies = [.strict]
            try mesh.publish()
            usleep(1_000_000)
            #expect(plane.heard(by: node).filter { $0.event == "answer" }.count == answers)
            node.ztunnel?.signal(SIGCONT)
            try eventually("it is acknowledged") {
                plane.heard(by: node).filter { $0.event == "answer" }.count > answers
            }
        }

        @Test(arguments: ["resets", "garbage", "huge", "floods", "goaways", "nonces", "broken"])
        func `whatever a control plane does, traffic goes on, and a good one is followed again`(manner: String) throws {
            let mesh = try NamespaceMesh { $0.isControlled = true }
            let plane = try #require(mesh.controlPlane)
            try mesh.serve(in: .server)
            #expect(try mesh.askUntilAnswered(from: .client, MeshPod.server.address).text == "hello")
            try plane.behave(manner)
            for node in mesh.nodes {
                plane.stop(on: node)
                try plane.start(on: node)
            }
            try eventually("it misbehaves", withinSeconds: 30) {
                plane.heard(by: mesh.nodes[0]).filter { $0.event == "stream" }.count >= 2
            }
            usleep(500_000)
            if manner == "broken" {
                // What cannot be understood may refuse anybody.
                try eventually("it is rejected by name") {
                    plane.heard(by: mesh.nodes[1]).contains { $0.error?.hasPrefix("shop/broken: ") == true }
                }
                #expect(try mesh.ask(from: .client, MeshPod.server.address).text == nil)
            } else {
                for _ in 0..<5 { #expect(try mesh.ask(from: .client, MeshPod.server.address).text == "hello") }
            }
            try plane.behave("good")
            for node in mesh.nodes {
                plane.stop(on: node)
                try plane.start(on: node)
            }
            let newcomer = MeshPod(name: "newcomer", node: 2, number: 30)
            try mesh.addPod(newcomer)
            try mesh.publish()
            try mesh.enrol(newcomer)
            try mesh.serve(in: newcomer)
            #expect(try mesh.askUntilAnswered(from: .client, newcomer.address, withinSeconds: 40).text == "hello")
        }
    }
}
