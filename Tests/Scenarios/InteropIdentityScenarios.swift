import Mesh
import Testing

extension Scenarios.InteropScenarios {
    /// What is refused when one end of the tunnel is Envoy, and how both tell of it.
    @Suite struct EnvoyRefusalScenarios {
        /// A certificate of the zoo, what our log says of it, and how it is counted.
        typealias Refusal = (certificate: String, error: String, flags: String)

        @Test func `Envoy is refused as a client with a certificate that is none of the mesh's`() throws {
            try expectRefusals(
                .client,
                [
                    ("foreign/client", "peer certificate not trusted", "TLS_FAILURE"),
                    ("authority/expired", "certificate has expired", "TLS_FAILURE"),
                    (
                        "authority/other-trust-domain", "another trust domain: spiffe://elsewhere.example/",
                        "IDENTITY_ERROR"
                    ),
                    ("authority/dns-name", "no SPIFFE identity", "IDENTITY_ERROR"),
                ])
        }

        @Test func `Envoy is refused as a server with a certificate that is not its workload's`() throws {
            try expectRefusals(
                .server,
                [
                    ("foreign/client", "peer certificate not trusted", "TLS_FAILURE"),
                    ("authority/expired", "certificate has expired", "TLS_FAILURE"),
                    (
                        "authority/other-trust-domain", "not who was expected: spiffe://elsewhere.example/",
                        "IDENTITY_ERROR"
                    ),
                    ("authority/client", "not who was expected: \(MeshPod.client.identity)", "IDENTITY_ERROR"),
                ])
        }

        private func expectRefusals(_ role: EnvoyRole, _ refusals: [Refusal]) throws {
            let mesh = try NamespaceMesh.servedWithEnvoy()
            let envoy = try Envoy(in: mesh) { $0.certificate = refusals[0].certificate }
            let node = mesh.peer(of: role)
            for (index, refusal) in refusals.enumerated() {
                if index > 0 { try envoy.present(refusal.certificate) }
                let counted = try node.metric(
                    "istio_tcp_connections_failed_total", ["response_flags": refusal.flags])
                #expect(try mesh.ask(role).text == nil)
                let line = try #require(try awaitLine(node) { $0["error"]?.contains(refusal.error) == true })
                #expect(line.isInbound == (role == .client))
                #expect(try node.accessLog().filter(\.failed).count == index + 1, "each is told once")
                #expect(
                    try node.metric("istio_tcp_connections_failed_total", ["response_flags": refusal.flags])
                        == counted + 1)
            }
            try envoy.present("authority/envoy")
            #expect(try mesh.ask(role).text == "hello")
        }

        @Test func `a policy refuses Envoy's identity, whatever its headers say`() throws {
            let mesh = try NamespaceMesh.servedWithEnvoy { $0.policies = [.allow(.client)] }
            _ = try Envoy(in: mesh)
            #expect(try mesh.ask(.client).text == nil)
            let line = try #require(try awaitLine(mesh.nodes[1]) { $0.isInbound && $0.failed })
            #expect(line["src.identity"] == Envoy.pod.identity)
            #expect(line["src.addr"]?.hasPrefix(Envoy.pod.address + ":") == true)
            #expect("\(line)".contains("shop/allow-known"))
            mesh.policies = [.allow(Envoy.pod)]
            try mesh.publish()
            #expect(try mesh.askUntilAnswered(from: Envoy.pod, "127.0.0.1", port: Envoy.outboundPort).text == "hello")
        }

        @Test func `Envoy reads who calls, and from where, in the headers that we send`() throws {
            let mesh = try NamespaceMesh.servedWithEnvoy()
            let envoy = try Envoy(in: mesh)
            #expect(try mesh.ask(.server).text == "hello")
            try eventually("Envoy has logged the call") { try !envoy.accessLog().isEmpty }
            let line = try #require(try envoy.accessLog().first)
            #expect(line["src.identity"] == MeshPod.client.identity)
            #expect(line["baggage"]?.contains("k8s.namespace.name=shop") == true)
            #expect(line["forwarded"]?.hasPrefix("for=\"\(MeshPod.client.address):") == true)
            #expect(line["traceparent"]?.count == 55)
        }

        @Test func `an application that does not listen is a 503, whoever serves the tunnel`() throws {
            let mesh = try NamespaceMesh.servedWithEnvoy()
            _ = try Envoy(in: mesh) { $0.targetPort = 7999 }
            #expect(try mesh.ask(from: .client, Envoy.pod.address, port: 7999).failure == "reset")
            let ours = try #require(try awaitLine(mesh.nodes[0]) { $0.isOutbound && $0.failed })
            #expect(ours["error"] == "http status: 503")
            #expect(try mesh.ask(.client).text == nil)
            let line = try #require(try awaitLine(mesh.nodes[1]) { $0.isInbound && $0.failed })
            #expect(line["error"]?.contains("connect failed") == true)
        }

        @Test func `a tunnel that Envoy asks for by POST is refused`() throws {
            let mesh = try NamespaceMesh.servedWithEnvoy()
            _ = try Envoy(in: mesh) { $0.usesPost = true }
            #expect(try mesh.ask(.client).text == nil)
            let line = try #require(try awaitLine(mesh.nodes[1]) { $0.isInbound && $0.failed })
            #expect(line["error"] == "bad request: method POST")
        }
    }
}
