import Mesh
import Testing

extension Scenarios {
    /// Who proves what to whom, and for how long.
    @Suite struct CertificateScenarios {
        @Test func `certificates come with an identity's first pod and go with its last`() throws {
            let mesh = try NamespaceMesh()
            #expect(try Set(mesh.nodes[0].certificates().keys) == [MeshPod.client.identity])
            let twins = [1, 2].map { MeshPod(name: "twin-\($0)", node: 1, number: 60 + $0, sharedAccount: "twin") }
            for twin in twins {
                try mesh.addPod(twin)
                try mesh.publish()
                try mesh.enrol(twin)
                #expect(try mesh.nodes[0].certificates().keys.contains(twin.identity))
            }
            for (twin, remains) in zip(twins, [true, false]) {
                try mesh.release(twin)
                try mesh.removePod(twin)
                try eventually("the certificate is there: \(remains)", withinSeconds: 30) {
                    try mesh.nodes[0].state(of: twin) != "releasing"
                        && mesh.nodes[0].certificates().keys.contains(twin.identity) == remains
                }
            }
            #expect(try mesh.nodes[1].certificates().keys.contains(twins[0].identity) == false)
        }

        @Test func `a server that is not who the client was told of is refused by the client`() throws {
            let mesh = try NamespaceMesh()
            try mesh.serve(in: .server)
            #expect(try mesh.ask(from: .client, MeshPod.server.address).text == "hello")
            // From now on the configuration says that somebody else lives there.
            mesh.adjust = { if $0.name == "server" { $0.serviceAccount = "impostor" } }
            try mesh.publish()
            try eventually("the client refuses") {
                try mesh.ask(from: .client, MeshPod.server.address).failure == "reset"
            }
            let line = try #require(try awaitLine(mesh.nodes[0]) { $0.isOutbound && $0.failed })
            #expect(line["dst.identity"] == nil)
            #expect(
                try mesh.nodes[0].metric(
                    "istio_tcp_connections_failed_total", ["response_flags": "IDENTITY_ERROR"]) >= 1)
        }

        @Test func `a client of another trust domain is refused in the handshake`() throws {
            let mesh = try NamespaceMesh { mesh in
                mesh.adjust = { if $0.name == "server" { $0.trustDomain = "elsewhere.example" } }
            }
            try mesh.serve(in: .server)
            #expect(try mesh.ask(from: .client, MeshPod.server.address).failure == "reset")
            let line = try #require(try awaitLine(mesh.nodes[1]) { $0.isInbound && $0.failed })
            #expect(line["error"]?.contains("trust domain") == true, "\(line)")
        }
    }
}
