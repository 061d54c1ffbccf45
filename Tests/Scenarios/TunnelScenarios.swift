import Foundation
import Mesh
import Testing

extension Scenarios {
    /// What a connection through the mesh is: captured, mutual TLS, the caller's own address, policy.
    @Suite struct TunnelScenarios {
        @Test(arguments: [MeshPod.client, .neighbour])
        func `a call arrives over mutual TLS, from the caller's own address`(caller: MeshPod) throws {
            let mesh = try NamespaceMesh()
            try mesh.serve(in: .server)
            let answer = try mesh.ask(from: caller, MeshPod.server.address)
            #expect(answer.text == "hello")
            #expect(answer.client == caller.address)
            let line = try #require(try awaitLine(mesh.node(of: .server)) { $0.isInbound })
            #expect(line["src.identity"] == caller.identity)
            #expect(line["dst.identity"] == MeshPod.server.identity)
            #expect(line["src.workload"] == caller.name)
            #expect(line["dst.workload"] == "server")
            #expect(line["tls.version"] == "TLSv1.3")
            #expect(line["tls.cipher"]?.contains("GCM") == true)
            let other = try #require(try awaitLine(mesh.node(of: caller)) { $0.isOutbound })
            #expect(other["dst.identity"] == MeshPod.server.identity)
            #expect(other["dst.hbone_addr"]?.hasPrefix("\(MeshPod.server.address):") == true)
        }

        @Test func `a service's virtual address reaches all of its healthy endpoints and no other`() throws {
            let mesh = try NamespaceMesh { mesh in
                mesh.services = [.virtual("echo", address: "10.97.0.1")]
                mesh.adjust = { workload in
                    guard ["server", "neighbour", "client"].contains(workload.name) else { return }
                    workload.services = [mesh.services[0].key: [80: 7000]]
                    workload.status = workload.name == "client" ? .unhealthy : .healthy
                }
            }
            for pod in [MeshPod.server, .neighbour] { try mesh.serve(in: pod) }
            for _ in 0..<20 { #expect(try mesh.ask(from: .client, "10.97.0.1", port: 80).text == "hello") }
            try eventually("both endpoints have had calls") {
                let reached = try mesh.nodes[1].accessLog().filter(\.isInbound).compactMap { $0["dst.workload"] }
                return Set(reached) == ["server", "neighbour"]
            }
        }

        @Test func `what applications say is not on the wire between the nodes`() throws {
            let mesh = try NamespaceMesh()
            try mesh.serve(in: .server)
            let capture = try LinkCapture(of: mesh)
            let secret = "a payload that nobody else may read"
            #expect(try mesh.ask(from: .client, MeshPod.server.address, text: secret).text == secret)
            let encrypted = try capture.end()
            #expect(encrypted.count > 1_000)
            #expect(encrypted.range(of: Data(secret.utf8)) == nil)
        }

        @Test func `the capture would show a payload that is plaintext`() throws {
            let mesh = try NamespaceMesh()
            try mesh.serve(in: .server)
            let capture = try LinkCapture(of: mesh)
            let secret = "a payload that anybody may read"
            #expect(try mesh.ask(from: .outsider, MeshPod.server.address, text: secret).text == secret)
            #expect(try capture.end().range(of: Data(secret.utf8)) != nil)
        }

        @Test func `who is outside the mesh is served while it is permissive, and seen by its own address`() throws {
            let mesh = try NamespaceMesh()
            try mesh.serve(in: .server)
            let answer = try mesh.ask(from: .outsider, MeshPod.server.address)
            #expect(answer.text == "hello")
            #expect(answer.client == MeshPod.outsider.address)
            let line = try #require(try awaitLine(mesh.nodes[1]) { $0.isInbound })
            #expect(line["tls.version"] == nil)
            #expect(line["src.identity"] == nil)
        }

        @Test func `who is outside the mesh is refused when it is strict, and the log names the policy`() throws {
            let mesh = try NamespaceMesh { $0.policies = [.strict] }
            try mesh.serve(in: .server)
            #expect(try mesh.ask(from: .client, MeshPod.server.address).text == "hello")
            #expect(try mesh.ask(from: .outsider, MeshPod.server.address).text == nil)
            let line = try #require(try awaitLine(mesh.nodes[1]) { $0.isInbound && $0.failed })
            #expect(line["policy"] == "shop/strict")
        }

        @Test func `a call that policy forbids is refused, and the log names the policy`() throws {
            let mesh = try NamespaceMesh { $0.policies = [.allow(.client)] }
            try mesh.serve(in: .server)
            #expect(try mesh.ask(from: .client, MeshPod.server.address).text == "hello")
            #expect(try mesh.ask(from: .neighbour, MeshPod.server.address).text == nil)
            let line = try #require(try awaitLine(mesh.nodes[1]) { $0.isInbound && $0.failed })
            #expect(line["src.identity"] == MeshPod.neighbour.identity)
            #expect("\(line)".contains("shop/allow-known"))
        }

        @Test func `a DENY policy is 401 on the wire, a reset for the client, and nothing to the others`() throws {
            let mesh = try NamespaceMesh { $0.policies = [.deny(.client)] }
            try mesh.serve(in: .server)
            #expect(try mesh.ask(from: .neighbour, MeshPod.server.address).text == "hello")
            #expect(try mesh.ask(from: .client, MeshPod.server.address).failure == "reset")
            let outcome = try mesh.connectForeign(authority: "\(MeshPod.server.address):7000")
            #expect(outcome.status == 401)
            let outbound = try #require(try awaitLine(mesh.nodes[0]) { $0.isOutbound && $0.failed })
            #expect(outbound["error"]?.contains("401") == true)
            let inbound = try #require(try awaitLine(mesh.nodes[1]) { $0.isInbound && $0.failed })
            #expect(inbound["policy"] == "shop/deny-known")
            #expect(inbound["src.identity"] == MeshPod.client.identity)
            let denied = ["response_flags": "DENY", "reporter": "destination"]
            #expect(try mesh.nodes[1].metric("istio_tcp_connections_failed_total", denied) == 2)
        }

        @Test func `a policy that is published ends what it forbids, and admits what it allows`() throws {
            let mesh = try NamespaceMesh()
            try mesh.serve(in: .server)
            let transfer = try mesh.startSteadyTransfer(from: .neighbour, MeshPod.server.address, seconds: 10)
            mesh.policies = [.allow(.client)]
            try mesh.publish()
            #expect(try transfer.summary().wrong != nil)
            #expect(try mesh.ask(from: .neighbour, MeshPod.server.address).text == nil)
            mesh.policies = [.allow(.client, .neighbour)]
            try mesh.publish()
            #expect(try mesh.askUntilAnswered(from: .neighbour, MeshPod.server.address).text == "hello")
        }

        @Test func `a pod of the mesh reaches what is outside`() throws {
            let mesh = try NamespaceMesh()
            try mesh.serve(in: .outsider)
            let answer = try mesh.ask(from: .server, MeshPod.outsider.address)
            #expect(answer.text == "hello")
            #expect(answer.client == MeshPod.server.address)
        }

        @Test func `an application that does not listen is a reset to the client, never a clean end`() throws {
            let mesh = try NamespaceMesh()
            #expect(try mesh.ask(from: .client, MeshPod.server.address, port: 7999).failure == "reset")
            let line = try #require(try awaitLine(mesh.nodes[0]) { $0.isOutbound && $0.failed })
            #expect(line["error"]?.contains("503") == true)
        }

        @Test(arguments: [15001, 15006, 15008])
        func `a port of ours is refused, and loops nowhere`(port: Int) throws {
            let mesh = try NamespaceMesh()
            try mesh.serve(in: .server)
            for target in [MeshPod.server.address, MeshPod.client.address, "127.0.0.1"] {
                #expect(try mesh.ask(from: .client, target, port: port).text == nil)
            }
            #expect(try mesh.ask(from: .outsider, MeshPod.server.address, port: port).text == nil)
            #expect(try mesh.ask(from: .client, MeshPod.server.address).text == "hello")
            let lines = try mesh.nodes.flatMap { try $0.accessLog() }
            #expect(lines.count < 50)
        }

        @Test func `a file that cannot be read changes nothing, and the next good one counts`() throws {
            let mesh = try NamespaceMesh()
            try mesh.serve(in: .server)
            #expect(try mesh.ask(from: .client, MeshPod.server.address).text == "hello")
            let file = mesh.directory.appending(path: "mesh.yaml")
            try Data("workloads:\n- uid: [\n".utf8).write(to: file, options: .atomic)
            try eventually("ztunnel names the file and the line") {
                try String(contentsOfFile: mesh.nodes[0].log("ztunnel"), encoding: .utf8).contains("mesh.yaml:")
            }
            #expect(try mesh.ask(from: .client, MeshPod.server.address).text == "hello")
            mesh.policies = [.allow(.neighbour)]
            try mesh.publish()
            try eventually("the good file is in force") {
                try mesh.ask(from: .client, MeshPod.server.address).text == nil
            }
        }
    }
}

/// The first line of a ztunnel's access log that is meant, once it is there.
func awaitLine(_ teller: some ConnectionTeller, _ isMeant: (AccessLogLine) -> Bool) throws -> AccessLogLine? {
    var found: AccessLogLine?
    try eventually("the line is in \(teller.ztunnelLog); it says \((try? teller.accessLog()) ?? [])") {
        found = try teller.accessLog().first(where: isMeant)
        return found != nil
    }
    return found
}
