import Testing

extension Scenarios {
    /// Bytes that make no sense, and connections that make no progress, on every port there is.
    @Suite struct GarbageScenarios {
        @Test func `garbage on a pod's ports hurts nobody, and each is told of and counted`() throws {
            try withServedMesh { mesh in
                let node = mesh.nodes[1]
                let transfer = try mesh.startSteadyTransfer(from: .client, MeshPod.server.address, seconds: 3)
                let count = try mesh.throwGarbage(
                    from: .outsider, at: MeshPod.server.address, ports: [15001, 15006, 15008])
                #expect(try transfer.summary().wrong == nil)
                let lines = try node.accessLog().filter { $0["src.addr"]?.hasPrefix(MeshPod.outsider.address) == true }
                // At 15006 who was not redirected is turned away by the kernel.
                #expect((count / 3...count).contains(lines.count))
                #expect(lines.allSatisfy { $0.failed && $0["error"]?.isEmpty == false })
                // A connection has one line, whatever came through it.
                #expect(Set(lines.compactMap { $0["src.addr"] }).count == lines.count)
                #expect(
                    try node.metric("slipstream_failures_total", ["stage": "tunnel", "reason": "tls_protocol"]) > 0)
            }
        }

        @Test func `garbage on the node's ports is refused, told of in few lines, and counted`() throws {
            try withServedMesh { mesh in
                let node = mesh.nodes[1]
                #expect(try mesh.throwGarbage(on: node, ports: [15000, 15020, 15021]) > 150)
                #expect(try mesh.throwGarbage(from: .outsider, at: node.gateway, ports: [15020, 15021]) > 100)
                #expect(
                    try node.metric("slipstream_failures_total", ["stage": "admin"]) > 100)
                #expect(try node.page("/healthz/ready", port: 15021) == "ready\n")
                let lines = try node.lines(scope: "admin")
                #expect((1...80).contains(lines.count), "\(lines.count) lines")
                #expect(lines.allSatisfy { $0.contains("src.addr") && $0.contains("error") })
            }
        }

        @Test(arguments: [15020, 15021])
        func `slow clients of the node's ports keep nobody from asking`(port: Int) throws {
            try withServedMesh { mesh in
                let node = mesh.nodes[1]
                let crowd = try mesh.startDawdling(
                    from: .outsider, at: node.gateway, port: port, connections: 200, seconds: 4)
                let path = port == 15021 ? "/healthz/ready" : "/metrics"
                while crowd.isRunning { #expect(throws: Never.self) { try node.page(path, port: port) } }
            }
        }

        @Test func `handshakes that stall keep nobody out, and end with a line each`() throws {
            try withServedMesh { mesh in
                let crowd = try mesh.startDawdling(
                    from: .outsider, at: MeshPod.server.address, port: 15008, connections: 200, seconds: 12)
                for _ in 0..<10 {
                    let outcome = try mesh.connectForeign(
                        authority: HostilePeerScenarios.application, "--send", HostilePeerScenarios.question)
                    #expect(outcome.received?.contains("by another stack") == true)
                }
                #expect(crowd.wait(seconds: 30) == 0)
                try eventually("each has its line") {
                    let stalled = try mesh.nodes[1].accessLog().filter {
                        $0["error"]?.contains("TLS handshake") == true
                    }
                    return stalled.count == 200
                }
            }
        }
    }
}
