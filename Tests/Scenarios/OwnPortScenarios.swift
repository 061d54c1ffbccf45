import Glibc
import Testing

extension Scenarios {
    /// The ports of the mesh's own, as an application may come upon them, or try them on purpose.
    @Suite struct OwnPortScenarios {
        static let ports = [15000, 15001, 15006, 15008, 15020, 15021, 15080]

        @Test(arguments: [MeshPod.client, .outsider])
        func `what knocks at a port of ours is let in nowhere and led round in no circle`(caller: MeshPod) throws {
            let mesh = try NamespaceMesh()
            try mesh.serve(in: .server)
            #expect(try mesh.ask(from: .client, MeshPod.server.address).text == "hello")
            let before = try mesh.nodes.map { try $0.ztunnelSockets() }
            let linesBefore = try mesh.nodes.map { try $0.accessLog().count }

            let nodes = mesh.nodes.flatMap { [$0.gateway, $0.linkAddress] }
            let places = nodes + [caller.address, "127.0.0.1", MeshPod.server.address, MeshPod.neighbour.address]
            let knocks = try mesh.knock(from: caller, at: places, ports: Self.ports)
            for knock in knocks {
                let isPublic = nodes.contains(knock.address) && [15020, 15021].contains(knock.port)
                let expected = isPublic ? ["eof"] : knock.port == 15008 ? knock.outcomesOfTLS : ["refused", "reset"]
                #expect(expected.contains(knock.outcome), "\(knock)")
                // What is public speaks HTTP, and has nothing for who asks for the administrator's pages.
                #expect(
                    isPublic ? knock.received.hasPrefix("HTTP/1.1 40") : !knock.received.contains("HTTP"), "\(knock)")
            }

            try expectQuiet(mesh.nodes)
            for (node, count) in zip(mesh.nodes, before) {
                // Each worker may have a tunnel to each of the two pods that were knocked at.
                try eventually("node \(node.number) has no more sockets than the \(count) before, and four tunnels") {
                    try node.ztunnelSockets() <= count + 4
                }
            }
            // A circle would show: each knock is one line at most on each side.
            for (node, count) in zip(mesh.nodes, linesBefore) {
                #expect(try node.accessLog().count - count <= knocks.count)
            }
            #expect(try mesh.ask(from: .client, MeshPod.server.address).text == "hello")
        }

        @Test func `a tunnel leads to no port of ours`() throws {
            let mesh = try NamespaceMesh()
            try mesh.serve(in: .server)
            for port in Self.ports {
                let outcome = try mesh.connectForeign(authority: "\(MeshPod.server.address):\(port)")
                #expect(outcome.status == 503)
                #expect(outcome.ended == true)
            }
            try expectQuiet(mesh.nodes)
            #expect(try mesh.ask(from: .client, MeshPod.server.address).text == "hello")
        }

        @Test func `an application may use the ports that are ours in the node only`() throws {
            let mesh = try NamespaceMesh()
            for port in [15000, 15020, 15021] {
                try mesh.serve(in: .server, port: port)
                #expect(try mesh.ask(from: .client, MeshPod.server.address, port: port).name == "server")
                #expect(try mesh.ask(from: .outsider, MeshPod.server.address, port: port).name == "server")
            }
        }

        @Test func `readiness and metrics are served to pods, and nothing else is`() throws {
            let mesh = try NamespaceMesh()
            for caller in [MeshPod.client, .outsider] {
                for (port, page) in [(15021, "healthz/ready"), (15020, "metrics"), (15020, "stats/prometheus")] {
                    #expect(try mesh.status(of: "http://\(mesh.nodes[1].gateway):\(port)/\(page)", in: caller) == "200")
                }
                for page in ["config_dump", "quitquitquit"] {
                    for port in [15020, 15021] {
                        let url = "http://\(mesh.nodes[1].gateway):\(port)/\(page)"
                        #expect(try mesh.status(of: url, in: caller, "--request", "POST") != "200")
                    }
                }
            }
            #expect(mesh.nodes[1].ztunnel?.isRunning == true)
        }
    }
}

/// What is carried in a circle takes a processor; a second of silence takes hardly any of it.
private func expectQuiet(_ nodes: [MeshNode]) throws {
    let before = try nodes.map { try $0.ztunnelProcessorTime() }
    usleep(1_000_000)
    for (node, time) in zip(nodes, before) { #expect(try node.ztunnelProcessorTime() - time < 0.2) }
}
