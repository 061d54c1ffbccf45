import Mesh
import Testing

extension Scenarios {
    /// Peers that are not what they should be, at the 15008 of a pod. Each test ends with a good call: nothing broke.
    @Suite struct HostilePeerScenarios {
        static let application = "\(MeshPod.server.address):7000"
        static let question = "{\"do\": \"reply\", \"text\": \"by another stack\"}\n"

        @Test func `another stack with a good certificate is served`() throws {
            try withServedMesh { mesh in
                let outcome = try mesh.connectForeign(authority: Self.application, "--send", Self.question)
                #expect(outcome.status == 200)
                #expect(outcome.tls?.version == "TLSv1.3")
                #expect(outcome.tls?.alpn == "h2")
                #expect(outcome.tls?.names == [MeshPod.server.identity])
                #expect(outcome.received?.contains("by another stack") == true)
                #expect(outcome.ended == true)
            }
        }

        @Test(arguments: [
            nil, "foreign/client", "authority/expired", "authority/other-trust-domain", "authority/no-names",
            "authority/dns-name", "authority/not-an-identity", "authority/server-only",
        ])
        func `a certificate that proves no identity of the mesh is refused in the handshake`(name: String?) throws {
            try withServedMesh { mesh in
                let outcome = try mesh.connectForeign(certificate: name, authority: Self.application)
                #expect(outcome.status == nil)
                #expect(outcome.alert != nil || outcome.closed != nil)
                try expectOneRefusal(mesh.nodes[1])
            }
        }

        @Test func `no certificate and an unknown authority are answered by the alerts that TLS has for them`() throws {
            try withServedMesh { mesh in
                let none = try mesh.connectForeign(certificate: nil, authority: Self.application)
                #expect(none.alert == "TLSV13_ALERT_CERTIFICATE_REQUIRED")
                let foreign = try mesh.connectForeign(certificate: "foreign/client", authority: Self.application)
                #expect(foreign.alert == "TLSV1_ALERT_UNKNOWN_CA")
                let expired = try mesh.connectForeign(certificate: "authority/expired", authority: Self.application)
                #expect(expired.alert == "SSLV3_ALERT_CERTIFICATE_EXPIRED")
            }
        }

        @Test func `TLS 1.2 is refused`() throws {
            try withServedMesh { mesh in
                let outcome = try mesh.connectForeign(authority: Self.application, "--tls", "1.2")
                #expect(outcome.stage == "tcp")
                #expect(outcome.alert == "TLSV1_ALERT_PROTOCOL_VERSION")
                try expectOneRefusal(mesh.nodes[1])
            }
        }

        @Test(arguments: ["http/1.1", "istio", ""])
        func `a protocol other than HTTP/2 is refused`(alpn: String) throws {
            try withServedMesh { mesh in
                let outcome = try mesh.connectForeign(authority: Self.application, "--alpn", alpn)
                #expect(outcome.status == nil)
                #expect(outcome.alert != nil || outcome.closed != nil)
            }
        }

        @Test(arguments: ["GET", "POST", "OPTIONS"])
        func `a method other than CONNECT is answered 400`(method: String) throws {
            try withServedMesh { mesh in
                let outcome = try mesh.connectForeign(authority: Self.application, "--method", method)
                #expect(outcome.status == 400)
                #expect(outcome.ended == true)
                try expectOneRefusal(mesh.nodes[1])
            }
        }

        @Test(arguments: [
            // Another pod's address, nobody's, no port, no address at all.
            ("\(MeshPod.neighbour.address):7000", 400), ("192.0.2.1:80", 400), ("10.246.2.20", 400),
            ("127.0.0.1:7000", 400), (":7000", 400), ("[::1]:7000", 400),
            // Names and ports that nothing stands behind.
            ("nobody.shop.svc.cluster.local:80", 503), ("\(MeshPod.server.address):7999", 503),
            // Ports of ours.
            ("\(MeshPod.server.address):15001", 503), ("\(MeshPod.server.address):15006", 503),
            ("\(MeshPod.server.address):15008", 503),
        ])
        func `an authority that is not this pod's is answered by its status`(authority: String, status: Int) throws {
            try withServedMesh { mesh in
                let outcome = try mesh.connectForeign(authority: authority)
                #expect(outcome.status == status)
                #expect(outcome.ended == true)
                try expectOneRefusal(mesh.nodes[1])
            }
        }

        @Test(arguments: [nil, ""])
        func `a CONNECT without an authority is answered 400 or reset`(authority: String?) throws {
            try withServedMesh { mesh in
                let outcome = try mesh.connectForeign(authority: authority)
                #expect(outcome.status == 400 || outcome.reset == 1)
            }
        }

        @Test func `an identity that policy does not allow is answered 401`() throws {
            try withServedMesh(policies: [.allow(.client)]) { mesh in
                let outcome = try mesh.connectForeign(certificate: "authority/stranger", authority: Self.application)
                #expect(outcome.status == 401)
                #expect(outcome.ended == true)
                let line = try #require(try awaitLine(mesh.nodes[1]) { $0.isInbound && $0.failed })
                #expect(line["src.identity"] == "spiffe://cluster.local/ns/shop/sa/stranger")
            }
        }

        @Test func `what a peer says of itself in headers gives it no rights`() throws {
            try withServedMesh(policies: [.allow(.client)]) { mesh in
                let outcome = try mesh.connectForeign(
                    certificate: "authority/stranger", authority: Self.application,
                    "--header", "forwarded=for=\"\(MeshPod.client.address):1234\"",
                    "--header", "baggage=k8s.namespace.name=shop,k8s.pod.name=client")
                #expect(outcome.status == 401)
            }
        }

    }
}

/// A refused peer is one line, and the line says why.
private func expectOneRefusal(_ node: MeshNode) throws {
    _ = try awaitLine(node) { $0.isInbound && $0.failed }
    let refused = try node.accessLog().filter { $0.isInbound && $0.failed }
    #expect(refused.count == 1)
    #expect(refused.first?["error"]?.isEmpty == false)
}
