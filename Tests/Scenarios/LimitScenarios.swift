import Foundation
import Testing

extension Scenarios {
    /// What ztunnel does when it has as much as it may have, and that it is as before afterwards.
    @Suite struct LimitScenarios {
        @Test func `a pod with as many connections as it may have lets the rest wait, and they go on`() throws {
            let mesh = try NamespaceMesh { mesh in mesh.nodes[0].openFilesLimit = 240 }
            try mesh.serve(in: .server)
            // 40 a worker, of which there are two.
            let mix = try mesh.mix(
                from: .client, MeshPod.server.address, connections: 600, bytes: 0..<20_000, parallel: 160,
                ending: "client-first")
            #expect(mix.wrong == [])
            #expect(try mesh.nodes[0].lines(with: "pod has as many connections as it may").count >= 1)
            #expect(try mesh.ask(from: .client, MeshPod.server.address).text == "hello")
        }

        @Test func `streams beyond what a pod may have are answered, and later ones served`() throws {
            let mesh = try NamespaceMesh { mesh in mesh.nodes[1].openFilesLimit = 240 }
            try mesh.serve(in: .server)
            let crowd = try mesh.crowd(from: .client, MeshPod.server.address, connections: 200)
            #expect(crowd.connections < 200)
            #expect(crowd.connections >= 30)
            let refusals = try mesh.nodes[1].accessLog().filter { $0["error"] == "too many connections of this pod" }
            #expect(!refusals.isEmpty)
            let mix = try mesh.mix(from: .client, MeshPod.server.address, connections: 40, parallel: 8)
            #expect(mix.wrong == [])
        }

        @Test func `without descriptors ztunnel waits, says so once, and recovers`() throws {
            let mesh = try NamespaceMesh { mesh in mesh.nodes[0].openFilesLimit = 80 }
            try mesh.serve(in: .outsider)
            try mesh.serve(in: .server)
            let before = try mesh.nodes[0].ztunnelDescriptors()
            // Plain connections are two descriptors each: the bound of two pods is more than there are.
            let neighbour = try mesh.start(
                in: .neighbour, "mix",
                Project.script("transfer") + [
                    "mix", MeshPod.outsider.address, "7000", "--connections", "300", "--bytes", "20000", "--parallel",
                    "60",
                ])
            let mix = try mesh.mix(
                from: .client, MeshPod.outsider.address, connections: 300, bytes: 0..<20_000, parallel: 60)
            #expect(neighbour.wait(seconds: 60) == 0)
            // Who was let in found enough to go on with; the others waited.
            #expect(mix.wrong == [])
            let pauses = try mesh.nodes[0].lines(with: "accepting is paused")
            // One of each worker, of which there are two.
            #expect((1...2).contains(pauses.count))
            #expect(try mesh.askUntilAnswered(from: .client, MeshPod.server.address).text == "hello")
            var left = 0
            try eventually("descriptors are as before (\(before)); there are \(left)") {
                left = try mesh.nodes[0].ztunnelDescriptors()
                // One tunnel stays.
                return left <= before + 1
            }
        }

        @Test func `a client that leaves before its connection stands takes all of it along`() throws {
            let mesh = try NamespaceMesh()
            try mesh.serve(in: .server)
            // Every worker has its tunnels.
            #expect(try mesh.mix(from: .client, MeshPod.server.address, connections: 40).wrong == [])
            // An application that never answers.
            try mesh.run(
                in: .server,
                [
                    "nft",
                    "add table inet hang; add chain inet hang in { type filter hook input priority -200; };"
                        + " add rule inet hang in tcp dport 7100 tcp flags & (syn | ack) == syn drop",
                ])
            let before = try mesh.nodes.map { try $0.ztunnelDescriptors() }
            try mesh.run(in: .client, ["python3", "-c", Self.leaving, MeshPod.server.address])
            var left: [Int] = []
            try eventually("descriptors are as before (\(before)); there are \(left)") {
                left = try mesh.nodes.map { try $0.ztunnelDescriptors() }
                return zip(left, before).allSatisfy { $0 <= $1 + 2 }
            }
            let told = try mesh.nodes[0].accessLog().filter {
                $0["error"] == "connection reset by client" && $0["dst.hbone_addr"]?.hasSuffix(":7100") == true
            }
            #expect(told.count == 20, "\(told)")
            #expect(try mesh.ask(from: .client, MeshPod.server.address).text == "hello")
        }

        /// Twenty connections that are reset half a second later, while their server has not answered.
        private static let leaving = """
            import socket, struct, sys, time
            connections = [socket.create_connection((sys.argv[1], 7100), timeout=5) for _ in range(20)]
            time.sleep(0.5)
            for connection in connections:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()
            """

        @Test func `strangers who say nothing keep nobody out`() throws {
            let mesh = try NamespaceMesh()
            try mesh.serve(in: .server)
            // More than every worker takes of those that have not proven who they are.
            let crowd = try mesh.start(
                in: .outsider, "silent", ["python3", "-u", "-c", Self.silence, MeshPod.server.address])
            try eventually("they are there") { try mesh.output(of: .outsider, "silent").contains("there") }
            for _ in 0..<5 {
                let outcome = try mesh.connectForeign(
                    authority: HostilePeerScenarios.application, "--send", HostilePeerScenarios.question)
                #expect(outcome.status == 200)
            }
            #expect(try mesh.ask(from: .client, MeshPod.server.address).text == "hello")
            crowd.kill()
        }

        private static let silence = """
            import socket, sys, time
            connections = [socket.create_connection((sys.argv[1], 15008), timeout=5) for _ in range(900)]
            print("there")
            time.sleep(8)
            """

        @Test func `refusals without end fill no log, and their number is told`() throws {
            let mesh = try NamespaceMesh { mesh in
                mesh.policies = [.strict]
                mesh.nodes[1].environment = ["ZTUNNEL_WORKER_THREADS": "1"]
            }
            try mesh.serve(in: .server)
            try mesh.run(in: .outsider, ["python3", "-c", Self.knocking, MeshPod.server.address, "6000"])
            var told = 0
            try eventually("all are told of") {
                let lines = try mesh.nodes[1].accessLog().count { $0["policy"] == "shop/strict" }
                let omitted = try mesh.nodes[1].lines(with: "lines of failed connections left out").reduce(0) {
                    $0 + Self.count(in: $1)
                }
                told = lines + omitted
                return told >= 6000 && omitted > 0
            }
            #expect(told == 6000)
        }

        private static let knocking = """
            import socket, sys
            for _ in range(int(sys.argv[2])):
                try:
                    with socket.create_connection((sys.argv[1], 7000), timeout=5) as connection:
                        connection.recv(1)
                except OSError:
                    pass
            """

        private static func count(in line: String) -> Int {
            struct Line: Decodable { let count: String }
            let parsed = try? JSONDecoder().decode(Line.self, from: Data(line.utf8))
            return parsed.flatMap { Int($0.count) } ?? 0
        }
    }
}
