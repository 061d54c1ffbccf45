import Foundation
import Mesh
import Testing

extension Scenarios {
    /// ztunnels that our controller configures and certifies, from manifests to what applications get.
    @Suite struct ControllerScenarios {
        private static let service = """
            apiVersion: v1
            kind: Service
            metadata:
              name: echo
              namespace: shop
            spec:
              clusterIP: 10.97.0.1
              selector:
                app: server
              ports:
              - port: 80
                targetPort: 7000
            """

        private static func policy(_ action: String, _ pod: MeshPod) -> String {
            """
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata:
              name: known
              namespace: shop
            spec:
              action: \(action)
              rules:
              - from:
                - source:
                    principals: [cluster.local/ns/shop/sa/\(pod.serviceAccount)]
            """
        }

        private static let strict = """
            apiVersion: security.istio.io/v1
            kind: PeerAuthentication
            metadata:
              name: default
              namespace: shop
            spec:
              mtls:
                mode: STRICT
            """

        @Test func `manifests become a mesh, and what is said to be in force is`() throws {
            let mesh = try NamespaceMesh { $0.hasController = true }
            let controller = try #require(mesh.controller)
            try mesh.serve(in: .server)
            try controller.write(Self.service, to: "service")
            #expect(try mesh.askUntilAnswered(from: .client, "10.97.0.1", port: 80).text == "hello")
            let line = try #require(try awaitLine(mesh.nodes[1]) { $0.isInbound })
            #expect(line["src.identity"] == MeshPod.client.identity)
            #expect(line["tls.version"] == "TLSv1.3")
            #expect(try Set(mesh.nodes[0].certificates().keys) == [MeshPod.client.identity])

            try controller.write(Self.policy("ALLOW", .neighbour), to: "policy")
            try controller.awaitEnforcement(of: "AuthorizationPolicy", "known")
            for _ in 0..<50 { #expect(try mesh.ask(from: .client, MeshPod.server.address).text == nil) }
            #expect(try mesh.ask(from: .neighbour, MeshPod.server.address).text == "hello")
            try controller.write(nil, to: "policy")
            #expect(try mesh.askUntilAnswered(from: .client, MeshPod.server.address).text == "hello")

            #expect(try mesh.ask(from: .outsider, MeshPod.server.address).text == "hello")
            try controller.write(Self.strict, to: "mode")
            try controller.awaitEnforcement(of: "PeerAuthentication", "default")
            #expect(try mesh.ask(from: .outsider, MeshPod.server.address).text == nil)
            #expect(try mesh.ask(from: .client, MeshPod.server.address).text == "hello")
        }

        @Test func `a connection that a new policy denies is over once the policy is in force`() throws {
            let mesh = try NamespaceMesh { $0.hasController = true }
            let controller = try #require(mesh.controller)
            try mesh.serve(in: .server)
            #expect(try mesh.askUntilAnswered(from: .client, MeshPod.server.address).text == "hello")
            let denied = try mesh.startSteadyTransfer(from: .client, MeshPod.server.address, seconds: 60)
            let allowed = try mesh.startSteadyTransfer(from: .neighbour, MeshPod.server.address, seconds: 3)
            try controller.write(Self.policy("DENY", .client), to: "policy")
            try controller.awaitEnforcement(of: "AuthorizationPolicy", "known")
            let line = try #require(try awaitLine(mesh.nodes[1]) { $0.isInbound && $0.failed })
            #expect(line["policy"] == "shop/known", "\(line)")
            #expect(try denied.summary().wrong != nil)
            #expect(try allowed.summary().wrong == nil)
        }

        @Test func `without the controller traffic goes on, and a proxy that starts admits nothing`() throws {
            let mesh = try NamespaceMesh { $0.hasController = true }
            let controller = try #require(mesh.controller)
            try mesh.serve(in: .server)
            #expect(try mesh.askUntilAnswered(from: .client, MeshPod.server.address).text == "hello")
            let transfer = try mesh.startSteadyTransfer(from: .client, MeshPod.server.address, seconds: 4)
            controller.stop()
            for _ in 0..<10 { #expect(try mesh.ask(from: .client, MeshPod.server.address).text == "hello") }
            try controller.start()
            try eventually("both proxies are back", withinSeconds: 40) {
                try controller.metric("slipstream_xds_streams") == 2
            }
            #expect(try transfer.summary().wrong == nil)

            controller.stop()
            mesh.nodes[1].ztunnel?.kill()
            try mesh.nodes[1].startZtunnel()
            try eventually("it says what it waits for") {
                try mesh.nodes[1].lines(scope: "xds").contains { $0.contains("nothing is admitted until") }
            }
            #expect(try mesh.ask(from: .client, MeshPod.server.address).text == nil)
            try controller.write(Self.policy("DENY", .neighbour), to: "policy")
            try controller.start()
            let answer = try mesh.askUntilAnswered(from: .client, MeshPod.server.address, withinSeconds: 40)
            #expect(answer.text == "hello")
            try controller.awaitEnforcement(of: "AuthorizationPolicy", "known")
            #expect(try mesh.ask(from: .neighbour, MeshPod.server.address).text == nil)
        }

        /// What is wrong with a token, and the counter that tells of it.
        private static let faults = [
            ("expired", "slipstream_token_refused_total", "expired"),
            ("audience", "slipstream_token_refused_total", "audience"),
            ("signature", "slipstream_token_refused_total", "signature"),
            ("account", "slipstream_token_refused_total", "subject"),
            ("pod that is gone", "slipstream_ca_refused_total", "caller_pod_gone"),
            ("pod on another node", "slipstream_ca_refused_total", "no_pod_on_node"),
        ]

        @Test func `a proxy whose token does not hold gets no certificate, and the refusal is counted`() throws {
            let mesh = try NamespaceMesh { $0.hasController = true }
            let controller = try #require(mesh.controller)
            try mesh.serve(in: .server)
            #expect(try mesh.askUntilAnswered(from: .client, MeshPod.server.address).text == "hello")
            let node = mesh.nodes[1]
            let environment = node.environment
            for (fault, counter, reason) in Self.faults {
                node.ztunnel?.kill()
                let before = try controller.metric(counter, reason)
                try controller.give(Self.bad(fault, controller, node), to: node)
                if fault == "pod on another node" {
                    // Replayed by who says that it is the other one.
                    node.environment["POD_NAME"] = mesh.nodes[0].proxyName
                    node.environment["NODE_NAME"] = "node-1"
                }
                try node.startZtunnel()
                try eventually("\(fault) is counted", withinSeconds: 20) {
                    try controller.metric(counter, reason) > before
                }
                #expect(try mesh.ask(from: .client, MeshPod.server.address).text == nil, "\(fault)")
                #expect(try node.certificates().isEmpty, "\(fault)")
            }
            node.ztunnel?.kill()
            node.environment = environment
            try controller.give(controller.tokens.token(of: node), to: node)
            try node.startZtunnel()
            let answer = try mesh.askUntilAnswered(from: .client, MeshPod.server.address, withinSeconds: 40)
            #expect(answer.text == "hello")
        }

        private static func bad(_ fault: String, _ controller: MeshController, _ node: MeshNode) throws -> String {
            switch fault {
            case "signature": return try controller.tokens.token(of: node).dropLast(8) + "AAAAAAAA"
            case "pod on another node": return try controller.tokens.token(of: controller.nodes[0])
            default: break
            }
            return try controller.tokens.token(of: node) { claims in
                switch fault {
                case "expired": claims["exp"] = 1_700_000_000
                case "audience": claims["aud"] = ["somebody-else"]
                case "account": claims["sub"] = "system:serviceaccount:shop:server"
                default:
                    var bound = claims["kubernetes.io"] as? [String: Any] ?? [:]
                    bound["pod"] = ["name": node.proxyName, "uid": "an-earlier-one"]
                    claims["kubernetes.io"] = bound
                }
            }
        }

        @Test func `what a request for a certificate must not ask for is refused and counted`() throws {
            let mesh = try NamespaceMesh { $0.hasController = true }
            let controller = try #require(mesh.controller)
            let token = try controller.tokens.token(of: mesh.nodes[0])
            let p256 = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
            let good = try controller.signingRequest(key: p256)
            let own = MeshPod.client.identity
            let refusals = try [
                ("foreign_name", own, controller.signingRequest(key: p256, "-addext", "subjectAltName=DNS:istiod")),
                ("weak_key", own, controller.signingRequest(key: ["-algorithm", "ED25519"])),
                (
                    "malformed_request", own,
                    controller.signingRequest(key: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"])
                ),
                ("malformed_request", own, "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END"),
                ("no_pod_on_node", MeshPod.server.identity, good),
                ("no_pod_on_node", "spiffe://cluster.local/ns/shop/sa/nobody", good),
                ("foreign_trust_domain", "spiffe://elsewhere/ns/shop/sa/client", good),
                ("malformed_identity", "https://cluster.local/ns/shop/sa/client", good),
            ]
            for (reason, identity, request) in refusals {
                let before = try controller.metric("slipstream_ca_refused_total", reason)
                #expect(try controller.ask(for: identity, request, token: token).status == 16, "\(reason)")
                #expect(try controller.metric("slipstream_ca_refused_total", reason) == before + 1, "\(reason)")
            }
            #expect(try controller.ask(for: own, good, token: nil).status == 16)
            #expect(try controller.metric("slipstream_token_refused_total", "missing") == 1)
            let issued = try controller.metric("slipstream_ca_issued_total")
            let answer = try controller.ask(for: own, good, token: token)
            #expect(answer.status == 0 && answer.chain.count == 2)
            #expect(try controller.metric("slipstream_ca_issued_total") > issued)
        }
    }
}
