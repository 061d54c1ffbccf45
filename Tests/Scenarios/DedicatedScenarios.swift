import Foundation
import Glibc
import Mesh
import Testing

extension Scenarios {
    /// Machines with a ztunnel of their own (PROXY_MODE=dedicated): no node-agent serves them.
    @Suite struct DedicatedScenarios {
        static let client = MeshPod.client.dedicated
        static let server = MeshPod.server.dedicated
        static let neighbour = MeshPod.neighbour.dedicated

        static func machines(configure: (NamespaceMesh) -> Void = { _ in }) throws -> NamespaceMesh {
            try NamespaceMesh(pods: [client, server, neighbour, .outsider], configure: configure)
        }

        // MARK: - Connections

        @Test(arguments: [client, neighbour])
        func `a call between machines arrives over mutual TLS, and both ends count it`(caller: MeshPod) throws {
            let mesh = try Self.machines()
            try mesh.serve(in: Self.server)
            let answer = try mesh.ask(from: caller, Self.server.address)
            #expect(answer.text == "hello")
            #expect(answer.client == caller.address)
            let (near, far) = (try mesh.proxy(of: caller), try mesh.proxy(of: Self.server))
            let line = try #require(try awaitLine(far) { $0.isInbound })
            #expect(line["src.identity"] == caller.identity)
            #expect(line["dst.identity"] == Self.server.identity)
            #expect(line["tls.version"] == "TLSv1.3")
            let sent = try #require(line["bytes_sent"].flatMap { Int($0) })
            let received = try #require(line["bytes_recv"].flatMap { Int($0) })
            #expect(sent > 0 && received > 0)
            _ = try awaitLine(near) { $0.isOutbound }
            for (proxy, reporter) in [(near, "source"), (far, "destination")] {
                let labels = ("reporter=\"\(reporter)\"", "source_principal=\"\(caller.identity)\"")
                func count(_ name: String) throws -> Int { try proxy.metric(name, labels.0, labels.1) }
                #expect(try count("istio_tcp_connections_opened_total") == 1)
                #expect(try count("istio_tcp_connections_closed_total") == 1)
                #expect(try count("istio_tcp_connections_failed_total") == 0)
                #expect(try count("istio_tcp_sent_bytes_total") == sent)
                #expect(try count("istio_tcp_received_bytes_total") == received)
            }
        }

        @Test func `counters move while a connection is open`() throws {
            let mesh = try Self.machines()
            try mesh.serve(in: Self.server)
            let transfer = try mesh.startSteadyTransfer(from: Self.client, Self.server.address, seconds: 3)
            for (pod, reporter) in [(Self.client, "source"), (Self.server, "destination")] {
                let proxy = try mesh.proxy(of: pod), label = "reporter=\"\(reporter)\""
                for name in ["istio_tcp_sent_bytes_total", "istio_tcp_received_bytes_total"] {
                    let first = try proxy.metric(name, label)
                    try eventually("\(name) of \(reporter) moves on from \(first)") {
                        try proxy.metric(name, label) > first
                    }
                }
                #expect(try proxy.metric("istio_tcp_connections_closed_total", label) == 0)
                #expect(try proxy.metric("istio_tcp_sockets_open", label) >= 1)
            }
            #expect(try transfer.summary().wrong == nil)
            for (pod, direction) in [(Self.client, "outbound"), (Self.server, "inbound")] {
                let proxy = try mesh.proxy(of: pod)
                let line = try #require(try awaitLine(proxy) { $0["direction"] == direction })
                #expect(try proxy.metric("istio_tcp_sent_bytes_total") == line["bytes_sent"].flatMap { Int($0) })
                #expect(try proxy.metric("istio_tcp_received_bytes_total") == line["bytes_recv"].flatMap { Int($0) })
            }
        }

        @Test func `machines and what is outside the mesh reach each other in plaintext`() throws {
            let mesh = try Self.machines()
            try mesh.serve(in: Self.server)
            try mesh.serve(in: .outsider)
            let outward = try mesh.ask(from: Self.client, MeshPod.outsider.address)
            #expect(outward.text == "hello" && outward.client == Self.client.address)
            let inward = try mesh.ask(from: .outsider, Self.server.address)
            #expect(inward.text == "hello" && inward.client == MeshPod.outsider.address)
            let (client, server) = (try mesh.proxy(of: Self.client), try mesh.proxy(of: Self.server))
            #expect(try awaitLine(client) { $0.isOutbound }?["tls.version"] == nil)
            #expect(try awaitLine(server) { $0.isInbound }?["src.identity"] == nil)
            mesh.policies = [.strict]
            try mesh.publish()
            try eventually("who has no identity is refused") {
                try mesh.ask(from: .outsider, Self.server.address).text == nil
            }
            #expect(try awaitLine(server) { $0.failed }?["policy"] == "shop/strict")
            #expect(try server.metric("istio_tcp_connections_failed_total", "response_flags=\"DENY\"") > 0)
        }

        @Test func `a service's virtual address reaches its machines, near and far`() throws {
            let mesh = try Self.machines { mesh in
                mesh.services = [.virtual("echo", address: "10.97.0.1")]
                mesh.adjust = { workload in
                    if workload.name != "outsider" { workload.services = [mesh.services[0].key: [80: 7000]] }
                }
            }
            for pod in [Self.client, Self.server, Self.neighbour] { try mesh.serve(in: pod) }
            let tellers = try [Self.client, .server, .neighbour].map { try mesh.proxy(of: $0) }
            try eventually("each machine has had calls") {
                #expect(try mesh.ask(from: Self.client, "10.97.0.1", port: 80).text == "hello")
                return try tellers.allSatisfy { try $0.accessLog().contains { $0.isInbound && !$0.failed } }
            }
        }

        @Test func `a machine and a node's pods are one mesh`() throws {
            let mesh = try NamespaceMesh(pods: [.client, Self.server, .neighbour]) {
                $0.policies = [.strict, .allow(.client, .server)]
            }
            try mesh.serve(in: Self.server)
            try mesh.serve(in: .client)
            #expect(try mesh.ask(from: .client, Self.server.address).client == MeshPod.client.address)
            #expect(try mesh.ask(from: Self.server, MeshPod.client.address).client == Self.server.address)
            #expect(try mesh.ask(from: .neighbour, Self.server.address).text == nil)
            #expect(try mesh.mix(from: .client, Self.server.address, connections: 25).wrong == [])
            #expect(try mesh.mix(from: Self.server, MeshPod.client.address, connections: 25).wrong == [])
            let refusal = try awaitLine(try mesh.proxy(of: Self.server)) { $0.failed }
            #expect(refusal?["src.identity"] == MeshPod.neighbour.identity)
            #expect(refusal?["policy"] == "shop/allow-known")
        }

        @Test func `a port of its own is refused to others, and loops nowhere`() throws {
            let mesh = try NamespaceMesh(pods: [Self.client, Self.server, .outsider])
            try mesh.serve(in: Self.server)
            for port in [15000, 15001, 15006, 15008] {
                for caller in [Self.client, Self.server, .outsider] {
                    #expect(try mesh.ask(from: caller, Self.server.address, port: port).text == nil)
                }
            }
            #expect(try mesh.ask(from: Self.client, Self.server.address).text == "hello")
            #expect(try mesh.proxy(of: Self.server).accessLog().count < 20)
        }

        // MARK: - Starting

        @Test func `it is ready once it listens and has its configuration, and says what it does not find there`()
            throws
        {
            let mesh = try NamespaceMesh(pods: [])
            var pod = Self.client
            pod.isEnrolled = false
            try mesh.addPod(pod)
            let proxy = try mesh.proxy(of: pod)
            try proxy.start()
            try eventually("it says that it has no such workload") {
                try proxy.said().contains("the configuration has no such workload")
            }
            try proxy.awaitReady()
            proxy.ztunnel?.kill()
            try proxy.start(["LOCAL_XDS_PATH": "\(mesh.directory.path)/none.yaml"])
            try eventually("it waits for its configuration") {
                try proxy.readiness() == "500 not ready, pending: state manager\n"
            }
        }

        @Test func `a port that is taken ends it with a word on which`() throws {
            let mesh = try NamespaceMesh(pods: [])
            var pod = Self.client
            pod.isEnrolled = false
            try mesh.addPod(pod)
            for port in [15000, 15001, 15006, 15008, 15020, 15021] {
                let other = try mesh.start(
                    in: pod, "serve-\(port)", Project.script("transfer") + ["serve", "0.0.0.0", "\(port)"])
                try eventually("\(port) is taken") { try mesh.output(of: pod, "serve-\(port)").contains("listening") }
                let proxy = try mesh.proxy(of: pod)
                try proxy.start()
                #expect(proxy.ztunnel?.wait(seconds: 10) == 1)
                #expect(try proxy.said().hasSuffix("ztunnel: cannot listen on port \(port): Address already in use\n"))
                other.kill()
            }
        }

        @Test func `two of them do not share a machine`() throws {
            let mesh = try NamespaceMesh(pods: [Self.client])
            let second = try DedicatedProxy(of: Self.client, meshDirectory: mesh.directory.appending(path: "second"))
            try second.start([
                "LOCAL_XDS_PATH": "\(mesh.directory.path)/mesh.yaml",
                "SLIPSTREAM_CA_DIR": "\(mesh.certificates)/authority",
            ])
            #expect(second.ztunnel?.wait(seconds: 10) == 1)
            #expect(try second.said().contains("Address already in use"))
        }

        // MARK: - Ending

        @Test func `one with nothing to do ends at once, and by its admin port when it is a POST`() throws {
            let mesh = try NamespaceMesh(pods: [Self.client])
            let proxy = try mesh.proxy(of: Self.client)
            #expect(try proxy.fetch("/quitquitquit", port: 15000).hasPrefix("405 "))
            #expect(proxy.ztunnel?.isRunning == true)
            #expect(try proxy.fetch("/quitquitquit", port: 15000, method: "POST") == "200 shutting down\n")
            #expect(proxy.ztunnel?.wait(seconds: 3) == 0)
            for signal in [SIGTERM, SIGINT] {
                try proxy.start(["CONNECTION_TERMINATION_DEADLINE": "60s"])
                try proxy.awaitReady()
                proxy.ztunnel?.signal(signal)
                #expect(proxy.ztunnel?.wait(seconds: 3) == 0)
            }
        }

        @Test func `one that ends takes nothing new, is not ready, and lets what is open finish`() throws {
            let mesh = try Self.machines()
            try mesh.serve(in: Self.server)
            let proxy = try mesh.proxy(of: Self.client)
            let transfer = try mesh.startSteadyTransfer(from: Self.client, Self.server.address, seconds: 3)
            proxy.ztunnel?.signal(SIGTERM)
            try eventually("it says that it is draining") {
                try proxy.readiness() == "500 not ready, pending: draining\n"
            }
            #expect(try mesh.ask(from: Self.client, Self.server.address).text == nil)
            #expect(try transfer.summary().wrong == nil)
            #expect(proxy.ztunnel?.wait(seconds: 4) == 0)
        }

        @Test func `what is still open at the deadline is reset`() throws {
            let mesh = try Self.machines()
            try mesh.serve(in: Self.server)
            let proxy = try mesh.proxy(of: Self.server)
            proxy.stop()
            try proxy.start(["CONNECTION_TERMINATION_DEADLINE": "2s"])
            try proxy.awaitReady()
            let transfer = try mesh.startSteadyTransfer(from: Self.client, Self.server.address, seconds: 40)
            let start = ContinuousClock.now
            proxy.ztunnel?.signal(SIGTERM)
            #expect(proxy.ztunnel?.wait(seconds: 20) == 0)
            #expect(ContinuousClock.now - start >= .seconds(1.9))
            #expect(try transfer.summary().wrong?.contains("reset") == true)
        }

        // MARK: - Rules

        @Test func `open connections outlive capture and release, and nothing stays behind`() throws {
            let mesh = try NamespaceMesh(pods: [.server])
            var pod = Self.client
            pod.isEnrolled = false
            try mesh.addPod(pod)
            try mesh.serve(in: .server)
            let before = try rules(of: pod, in: mesh)
            let proxy = try mesh.proxy(of: pod)
            let old = try mesh.startSteadyTransfer(from: pod, MeshPod.server.address, seconds: 4)
            try mesh.setEnrolled(pod, true)
            try proxy.start()
            try proxy.awaitReady()
            for _ in 0..<2 { try proxy.capture() }
            let captured = try mesh.startSteadyTransfer(from: pod, MeshPod.server.address, seconds: 2)
            #expect(try proxy.release(drainDeadlineSeconds: 20) == "")
            #expect(try captured.summary().wrong == nil)
            #expect(try rules(of: pod, in: mesh) == before)
            try proxy.release()
            #expect(try old.summary().wrong == nil)
            #expect(try proxy.accessLog().filter(\.isOutbound).count == 1)
        }

        @Test func `without its proxy a machine is closed, but for the ports that are passed`() throws {
            let mesh = try Self.machines()
            for port in [22, 7000] { try mesh.serve(in: Self.server, port: port) }
            let proxy = try mesh.proxy(of: Self.server)
            #expect(throws: Command.Failure.self) { try proxy.capture("--pass-inbound", "15001") }
            try proxy.capture("--pass-inbound", "22")
            #expect(try mesh.ask(from: .outsider, Self.server.address, port: 22).text == "hello")
            #expect(try mesh.ask(from: .outsider, Self.server.address).text == "hello")
            proxy.stop()
            #expect(try mesh.ask(from: .outsider, Self.server.address, port: 22).text == "hello")
            #expect(try mesh.ask(from: .outsider, Self.server.address).text == nil)
            #expect(try mesh.ask(from: Self.server, MeshPod.outsider.address).text == nil)
            #expect(try proxy.accessLog().filter(\.isInbound).count == 1)
            try proxy.capture("--outbound-only")
            #expect(try mesh.ask(from: .outsider, Self.server.address).text == "hello")
        }

        private func rules(of pod: MeshPod, in mesh: NamespaceMesh) throws -> [String] {
            let looks = [
                "nft list ruleset", "ip rule", "ip -6 rule", "ip route show table 100", "ip -6 route show table 100",
            ]
            return try looks.map { try mesh.run(in: pod, $0.split(separator: " ").map(String.init)).output }
        }
    }
}
