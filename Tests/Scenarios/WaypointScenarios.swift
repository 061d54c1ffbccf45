import Foundation
import Mesh
import Testing

extension Scenarios {
    /// A waypoint between clients and the service that is bound to it. It passes connections through.
    @Suite struct WaypointScenarios {
        /// Of an endpoint's node: the connections that arrived for its pods.
        private static func arrivals(_ mesh: NamespaceMesh) throws -> [AccessLogLine] {
            try mesh.nodes[1].accessLog().filter(\.isInbound)
        }

        @Test func `a call to a bound service goes through its waypoint, and the application sees the client`() throws {
            let mesh = try Waypoint.mesh()
            let waypoint = try Waypoint(in: mesh)
            try mesh.serve(in: .server)
            try mesh.serve(in: .neighbour)
            for _ in 0..<10 {
                let answer = try mesh.ask(from: .client, Waypoint.address, port: 80)
                #expect(answer.text == "hello")
                #expect(answer.client == MeshPod.client.address)
            }
            let lines = try Self.arrivals(mesh)
            #expect(lines.count == 10)
            #expect(lines.allSatisfy { $0["src.identity"] == MeshPod.client.identity }, "\(lines)")
            let said = try waypoint.said()
            #expect(said.contains(Waypoint.echo.name))
        }

        @Test func `every byte goes through in both directions, with every kind of end`() throws {
            // One endpoint, which can be asked afterwards how each connection ended.
            let mesh = try Waypoint.mesh { workload in if workload.name == "neighbour" { workload.services = [:] } }
            let waypoint = try Waypoint(in: mesh)
            try mesh.serve(in: .server)
            let mix = try mesh.mix(from: .client, Waypoint.address, port: 80, connections: 60)
            let said = try waypoint.said()
            #expect(mix.wrong == [], "\(said.suffix(2_000))")
            #expect(mix.connections == 60)
        }

        @Test func `policies of the endpoint are judged by the client behind the waypoint`() throws {
            let mesh = try Waypoint.mesh(policies: [.allow(.client)])
            let waypoint = try Waypoint(in: mesh)
            defer { waypoint.stop() }
            try mesh.serve(in: .server)
            try mesh.serve(in: .neighbour)
            #expect(try mesh.ask(from: .client, Waypoint.address, port: 80).text == "hello")
            #expect(try mesh.ask(from: .neighbour, Waypoint.address, port: 80).text == nil)
            mesh.policies = [.deny(.client)]
            try mesh.publish()
            try eventually("the client is denied, though it comes through the waypoint") {
                try mesh.ask(from: .client, Waypoint.address, port: 80).text == nil
            }
        }

        @Test func `a policy that lets in the waypoint alone keeps everybody from going around it`() throws {
            let mesh = try Waypoint.mesh(policies: [.denyOthers(than: Waypoint.pod)]) { workload in
                guard workload.name == "server" || workload.name == "neighbour" else { return }
                workload.authorizationPolicies = [NamespacedName(namespace: "shop", name: "deny-others")]
            }
            let waypoint = try Waypoint(in: mesh)
            try mesh.serve(in: .server)
            try mesh.serve(in: .neighbour)
            #expect(try mesh.ask(from: .client, Waypoint.address, port: 80).text == "hello")
            // The pod's own address, from the mesh and from outside it.
            #expect(try mesh.ask(from: .client, MeshPod.server.address).text == nil)
            #expect(try mesh.ask(from: .outsider, MeshPod.server.address).text == nil)
            // No waypoint is no way in.
            waypoint.stop()
            #expect(try mesh.ask(from: .client, Waypoint.address, port: 80).text == nil)
            try waypoint.start()
            #expect(try mesh.askUntilAnswered(from: .client, Waypoint.address, port: 80).text == "hello")
        }

        @Test func `what is not bound to the waypoint is refused there`() throws {
            let mesh = try Waypoint.mesh(bound: false)
            let waypoint = try Waypoint(in: mesh)
            try mesh.serve(in: .server)
            for authority in [
                "\(Waypoint.address):80", "\(MeshPod.server.address):7000", "192.0.2.1:80", "nobody.example:80",
            ] {
                let outcome = try mesh.connectForeign(to: Waypoint.pod, authority: authority)
                #expect(outcome.status == 404, "\(authority): \(outcome)")
            }
            #expect(try Self.arrivals(mesh).isEmpty)
            let said = try waypoint.said()
            #expect(said.contains("not bound to this waypoint"))
        }

        @Test func `nobody but its waypoint is believed who its client is`() throws {
            let mesh = try Waypoint.mesh(policies: [.allow(.neighbour)])
            let waypoint = try Waypoint(in: mesh)
            defer { waypoint.stop() }
            try mesh.serve(in: .server)
            // A proven peer that is no waypoint, and says that it comes for one who may.
            let claim = "for=\"\(MeshPod.neighbour.address):4711\";identity=\"\(MeshPod.neighbour.identity)\""
            let outcome = try mesh.connectForeign(
                authority: "\(MeshPod.server.address):7000", "--header", "forwarded=\(claim)")
            #expect(outcome.status == 401)
            let line = try #require(try awaitLine(mesh.nodes[1]) { $0.isInbound })
            #expect(line["src.identity"] == MeshPod.client.identity)
        }
    }
}
