import Mesh
import Testing

extension Scenarios {
    /// Services: by their virtual address from captured clients, by their name from other stacks.
    @Suite struct ServiceScenarios {
        static let hostname = "echo.shop.svc.cluster.local"

        /// Port 80 is 7000 everywhere. Port 81 is a named port, which each endpoint may have elsewhere. Port 82 leads nowhere.
        static func service() -> Service {
            var service = Service.virtual("echo", address: "10.97.0.1")
            service.ports = [80: Service.Port(target: 7000), 81: Service.Port(target: 0), 82: Service.Port(target: 0)]
            return service
        }

        static func meshWithService() throws -> NamespaceMesh {
            let mesh = try NamespaceMesh { mesh in
                mesh.services = [service()]
                mesh.adjust = { workload in
                    switch workload.name {
                    case "server": workload.services = [mesh.services[0].key: [80: 7000, 81: 7001]]
                    case "neighbour": workload.services = [mesh.services[0].key: [80: 7000, 81: 7002]]
                    default: break
                    }
                }
            }
            try mesh.serve(in: .server, port: 7000)
            try mesh.serve(in: .server, port: 7001)
            try mesh.serve(in: .neighbour, port: 7000)
            try mesh.serve(in: .neighbour, port: 7002)
            return mesh
        }

        @Test func `calls to a service are spread over its endpoints, and each byte is counted once on each side`()
            throws
        {
            let mesh = try Self.meshWithService()
            var names: [String: Int] = [:]
            var sent = 0, received = 0
            for _ in 0..<50 {
                let (answer, bytes) = try mesh.askForBytes(from: .client, "10.97.0.1", port: 80)
                names[answer.name ?? "nobody", default: 0] += 1
                sent += bytes.sent
                received += bytes.received
            }
            // A fair coin gives each of the two fewer than 8 of 50 once in five million times.
            #expect(Set(names.keys) == ["server", "neighbour"])
            #expect(names.values.allSatisfy { $0 >= 8 }, "\(names)")
            for (node, reporter) in [(mesh.nodes[0], "source"), (mesh.nodes[1], "destination")] {
                let labels = ["reporter": reporter, "destination_service": Self.hostname, "source_workload": "client"]
                try eventually("node \(node.number) has counted the last connection") {
                    try node.metric("istio_tcp_connections_closed_total", labels) == 50
                }
                #expect(try node.metric("istio_tcp_connections_opened_total", labels) == 50)
                // Istio's directions: received by the server.
                #expect(try node.metric("istio_tcp_received_bytes_total", labels) == Double(sent))
                #expect(try node.metric("istio_tcp_sent_bytes_total", labels) == Double(received))
            }
        }

        @Test func `a named port is each endpoint's own`() throws {
            let mesh = try Self.meshWithService()
            for _ in 0..<12 { #expect(try mesh.ask(from: .client, "10.97.0.1", port: 81).text == "hello") }
            let lines = try mesh.nodes[1].accessLog().filter(\.isInbound)
            let reached = Set(
                lines.compactMap { line in line["dst.hbone_addr"]?.split(separator: ":").last.map(String.init) })
            #expect(reached == ["7001", "7002"])
        }

        @Test func `another stack may name a service and its port instead of an address`() throws {
            let mesh = try Self.meshWithService()
            for (port, status) in [(80, 200), (81, 200), (82, 503), (83, 503)] {
                let outcome = try mesh.connectForeign(
                    authority: "\(Self.hostname):\(port)", "--send", HostilePeerScenarios.question)
                #expect(outcome.status == status)
                #expect(outcome.received?.contains("by another stack") == (status == 200 ? true : nil))
            }
            let lines = try mesh.nodes[1].accessLog().filter { $0.isInbound && !$0.failed }
            #expect(lines.count == 2)
            #expect(lines.allSatisfy { $0["dst.service"] == Self.hostname }, "\(lines)")
        }

        @Test func `a service whose name is known but that this pod does not serve is answered 503`() throws {
            let mesh = try NamespaceMesh { $0.services = [Self.service()] }
            try mesh.serve(in: .server)
            #expect(try mesh.connectForeign(authority: "\(Self.hostname):80").status == 503)
        }

        @Test func `a service without a healthy endpoint is a reset, and the log says so`() throws {
            let mesh = try NamespaceMesh { mesh in
                mesh.services = [Self.service()]
                mesh.adjust = { workload in
                    guard workload.name == "server" else { return }
                    workload.services = [mesh.services[0].key: [80: 7000]]
                    workload.status = .unhealthy
                }
            }
            try mesh.serve(in: .server)
            #expect(try mesh.ask(from: .client, "10.97.0.1", port: 80).failure == "reset")
            let line = try #require(try awaitLine(mesh.nodes[0]) { $0.isOutbound && $0.failed })
            #expect(line["error"]?.contains("healthy") == true, "\(line)")
        }
    }
}
