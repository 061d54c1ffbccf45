import Glibc
import Testing

extension Scenarios.InteropScenarios {
    /// Tunnels with Envoy that fill, drain and change their certificates.
    @Suite struct EnvoyTunnelScenarios {
        @Test func `we open no more streams on a tunnel than Envoy takes`() throws {
            let mesh = try NamespaceMesh.servedWithEnvoy { mesh in
                // Ours alone would put them all on one tunnel of each worker.
                mesh.nodes[0].environment["POOL_MAX_STREAMS_PER_CONNECTION"] = "1000"
            }
            let envoy = try Envoy(in: mesh)
            let crowd = try mesh.crowd(.server, connections: 250)
            #expect(crowd.connections == 250)
            #expect(crowd.wrong == [])
            #expect(try envoy.sum("^http.inbound.downstream_cx_http2_total$") >= 3)
        }

        @Test func `Envoy opens no more streams on a tunnel than we take`() throws {
            let mesh = try NamespaceMesh.servedWithEnvoy()
            let envoy = try Envoy(in: mesh) { $0.streams = 1000 }
            // One of its two workers has more than the 200 that we announce.
            let crowd = try mesh.crowd(.client, connections: 450)
            #expect(crowd.connections == 450)
            #expect(crowd.wrong == [])
            #expect(try envoy.sum("^cluster.target.upstream_cx_http2_total$") >= 3)
        }

        @Test func `when Envoy drains, open connections go on and new ones take a new tunnel`() throws {
            let mesh = try NamespaceMesh.servedWithEnvoy()
            let envoy = try Envoy(in: mesh)
            let transfer = try mesh.startSteadyTransfer(.server, seconds: 4)
            for _ in 0..<4 { #expect(try mesh.ask(.server).text == "hello") }
            let before = try envoy.sum("^http.inbound.downstream_cx_http2_total$")
            try envoy.drain()
            for _ in 0..<12 { #expect(try mesh.ask(.server).text == "hello") }
            #expect(try envoy.sum("^http.inbound.downstream_cx_drain_close$") > 0)
            #expect(try envoy.sum("^http.inbound.downstream_cx_http2_total$") > before)
            let summary = try transfer.summary()
            #expect(summary.wrong == nil)
            #expect(summary.blocks > 50)
        }

        @Test func `connections outlive tunnels that Envoy closes after every fifth`() throws {
            let mesh = try NamespaceMesh.servedWithEnvoy()
            let envoy = try Envoy(in: mesh) { $0.limits = "max_requests_per_connection: 5" }
            let mix = try mesh.mix(
                .server, connections: 60, bytes: 0..<64 << 10, parallel: 12, endings: ["server-last"])
            #expect(mix.wrong == [])
            #expect(try envoy.sum("^http.inbound.downstream_cx_http2_total$") >= 12)
        }

        @Test func `when ztunnel is asked to end, what Envoy has open with it goes on, and the next ztunnel serves`()
            throws
        {
            let mesh = try NamespaceMesh.servedWithEnvoy()
            let envoy = try Envoy(in: mesh)
            let transfer = try mesh.startSteadyTransfer(.client, seconds: 3)
            mesh.nodes[1].ztunnel?.signal(SIGTERM)
            try eventually("Envoy has heard of it") {
                try envoy.sum("^cluster.target.upstream_cx_close_notify$") > 0
            }
            #expect(try transfer.summary().wrong == nil)
            #expect(mesh.nodes[1].ztunnel?.wait(seconds: 10) == 0)
            try mesh.nodes[1].startZtunnel()
            #expect(try mesh.askUntilAnswered(from: Envoy.pod, "127.0.0.1", port: Envoy.outboundPort).text == "hello")
        }

        @Test func `a certificate that Envoy renews is the one that new tunnels see, and no connection is cut`() throws
        {
            let mesh = try NamespaceMesh.servedWithEnvoy()
            let envoy = try Envoy(in: mesh)
            let transfers = try EnvoyRole.allCases.map { try mesh.startSteadyTransfer($0, seconds: 5) }
            // Another pod's identity as a client; as a server nobody whom we look for: the new certificate shows.
            try envoy.present("authority/stranger")
            try eventually("Envoy is a stranger to its servers") {
                try mesh.ask(.client).text == "hello"
                    && mesh.nodes[1].accessLog().contains { $0["src.identity"]?.hasSuffix("/sa/stranger") == true }
            }
            #expect(try mesh.ask(from: .neighbour, Envoy.pod.address).failure == "reset")
            try envoy.present("authority/envoy")
            #expect(try mesh.ask(from: .neighbour, Envoy.pod.address).text == "hello")
            for transfer in transfers { #expect(try transfer.summary().wrong == nil) }
        }

        @Test func `certificates that we renew are the ones that Envoy sees in new tunnels, and no connection is cut`()
            throws
        {
            let mesh = try NamespaceMesh.servedWithEnvoy { mesh in
                for node in mesh.nodes { node.environment["SECRET_TTL"] = "60s" }
            }
            // So that there are new tunnels at any time.
            let envoy = try Envoy(in: mesh) { settings in
                settings.limits = "max_requests_per_connection: 1"
                settings.upstreamLimits = "max_connection_duration: 1s"
            }
            let transfers = try EnvoyRole.allCases.map { try mesh.startSteadyTransfer($0, seconds: 24) }
            try eventually("Envoy has seen two certificates of each of ours", withinSeconds: 40) {
                for role in EnvoyRole.allCases {
                    #expect(try mesh.ask(role).text == "hello")
                }
                usleep(200_000)
                let lines = try envoy.accessLog()
                return Set(lines.compactMap { $0["src.serial"] }).count >= 2
                    && Set(lines.compactMap { $0["dst.certificate"] }).count >= 2
            }
            for transfer in transfers { #expect(try transfer.summary().wrong == nil) }
        }
    }
}
