import Foundation
import Glibc
import Testing

extension Scenarios {
    /// The whole mesh as the playground runs it: controller, agents, proxies, and what becomes of traffic when they change.
    @Suite struct PlaygroundMeshScenarios {
        @Test func `a namespace that is labelled is enrolled, and no open connection is cut`() throws {
            let playground = try PlaygroundRun(
                manifests: Manifests.world.merging([
                    "namespaces.yaml": Manifests.namespace("bank", isInMesh: true),
                    "street.yaml": Manifests.namespace("street", isInMesh: false),
                    "kiosk.yaml": Manifests.server("kiosk", in: "street", node: "node-2"),
                ]) { $1 })
            let up = try playground.up()
            #expect(up.status == 0, "\(up.errors)")
            let kiosk = try playground.exec("street/kiosk", ["hostname", "-I"]).output.trimmingCharacters(
                in: .whitespacesAndNewlines)
            let transfer = try playground.startSteadyTransfer(from: "street/passer-by", kiosk, port: 7000, seconds: 6)

            try playground.write("street.yaml", Manifests.namespace("street", isInMesh: true))
            try eventually("the street is in the mesh", withinSeconds: 20) {
                let status = try playground.status()
                return ["street/passer-by", "street/kiosk"].allSatisfy { status.pod($0)?.mesh == "enabled" }
                    && status.isInSync
            }
            #expect(try playground.status().pod("street/passer-by")?.olderConnections == 1)
            #expect(try playground.ask(from: "street/passer-by", kiosk, port: 7000).text == "hello")
            let proxy = try #require(try playground.status().program("node-2 ztunnel"))
            try eventually("node-2 has carried it by mutual TLS") {
                try String(contentsOfFile: proxy.log, encoding: .utf8).split(separator: "\n")
                    .compactMap(AccessLogLine.init(json:)).contains { line in
                        line.isInbound && line["src.identity"] == "spiffe://cluster.local/ns/street/sa/default"
                            && line["tls.version"] == "TLSv1.3"
                    }
            }
            let summary = try transfer.summary()
            #expect(summary.wrong == nil)
            #expect(summary.blocks > 50)
        }

        @Test func `a Gateway gets its waypoint as a pod, which carries what is bound to it until the Gateway is gone`()
            throws
        {
            func namespaces(_ waypoint: String) -> String {
                Manifests.namespace("bank", isInMesh: true, waypoint: waypoint) + "\n---\n"
                    + Manifests.namespace("street", isInMesh: false)
            }
            let playground = try PlaygroundRun(
                manifests: Manifests.world.merging([
                    "namespaces.yaml": namespaces("waypoint"), "waypoint.yaml": Manifests.waypoint,
                ]) { $1 })
            let up = try playground.up()
            #expect(up.status == 0, "\(up.errors)")
            let waypoint = try #require(try playground.status().pods.first { $0.mesh == "waypoint" })
            #expect(waypoint.namespace == "bank")
            #expect(try playground.ask(from: "bank/teller", "vault").text == "hello")
            #expect(try playground.ask(from: "bank/visitor", "vault").text == nil)
            let log = "/run/slipstream/playground/logs/bank_\(waypoint.name)_istio-proxy.log"
            try eventually("the waypoint tells of the teller's call") {
                try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
                    .compactMap(AccessLogLine.init(json:)).contains { line in
                        line["src.identity"] == "spiffe://cluster.local/ns/bank/sa/teller" && !line.failed
                    }
            }
            try playground.write("namespaces.yaml", namespaces("none"))
            try playground.write("waypoint.yaml", "")
            try eventually("the waypoint is gone, and calls go without it", withinSeconds: 20) {
                try playground.status().pods.allSatisfy { $0.mesh != "waypoint" }
                    && playground.ask(from: "bank/teller", "vault").text == "hello"
            }
        }

        @Test func `each program of the mesh may be killed in turn: traffic is never wrong, and soon goes on`() throws {
            let playground = try PlaygroundRun(manifests: Manifests.world)
            #expect(try playground.up().status == 0)
            let transfer = try playground.startSteadyTransfer(from: "bank/teller", "vault", port: 80, seconds: 60)
            for program in ["controller", "node-1 node-agent", "node-2 node-agent"] {
                try playground.kill(program) {
                    let answer = try playground.ask(from: "bank/teller", "vault").text
                    #expect(answer == "hello", "without \(program)")
                }
            }
            try eventually("all proxies are in sync with the new controller", withinSeconds: 30) {
                try playground.status().isInSync
            }
            transfer.stop()
            #expect(try transfer.summary().wrong == nil)

            let talk: NamespaceMesh.Occupation<NamespaceMesh.Talk> = try playground.occupy(
                "bank/teller", "talk", "vault", port: 80, ["--seconds", "60", "--parallel", "8"])
            for program in ["node-1 ztunnel", "node-2 ztunnel"] {
                try playground.kill(program) {
                    let answer = try playground.ask(from: "street/passer-by", "vault.bank").text
                    #expect(answer == nil, "without \(program)")
                }
                try eventually("the mesh is as it was", withinSeconds: 30) {
                    let status = try playground.status()
                    return status.isInSync
                        && status.pods.allSatisfy { $0.mesh == "enabled" || $0.namespace == "street" }
                }
                try eventually("the teller is answered again", withinSeconds: 20) {
                    try playground.ask(from: "bank/teller", "vault").text == "hello"
                }
            }
            talk.stop()
            let summary = try talk.summary()
            #expect(summary.wrong == [])
            #expect(summary.answered.values.reduce(0, +) > 100)
        }

        @Test func `once a policy is proven to be in force, no new connection breaks it`() throws {
            let playground = try PlaygroundRun(manifests: Manifests.world.filter { $0.key != "policy.yaml" })
            #expect(try playground.up().status == 0)
            // One on each node: 10,000 tries together.
            let clients = ["bank/teller", "bank/visitor"]
            for client in clients { #expect(try playground.ask(from: client, "vault").text == "hello") }
            try playground.write("closed.yaml", Manifests.closed)
            let verdict = try playground.verdict(onPolicy: "closed", in: "bank", waitingSeconds: 30)
            #expect(verdict.enforced && verdict.enforcing == 2 && verdict.total == 2)
            let tallies = try clients.map { try playground.startTally(from: $0, "vault", connections: 5_000) }
            for tally in tallies {
                let outcome = try tally.summary(withinSeconds: 200)
                #expect(outcome.answered == 0)
                #expect(outcome.failures == ["reset": 5_000])
            }
        }

        @Test func `a policy is not called enforced while one ztunnel stands still, which is named`() throws {
            let playground = try PlaygroundRun(manifests: Manifests.world)
            #expect(try playground.up().status == 0)
            try playground.signal("node-2 ztunnel", SIGSTOP)
            try playground.write("closed.yaml", Manifests.closed)
            let behind = try playground.verdict(onPolicy: "closed", in: "bank", waitingSeconds: 3)
            #expect(!behind.enforced && behind.enforcing == 1 && behind.total == 2)
            #expect(behind.laggards.map(\.name) == ["slipstream-system/ztunnel-node-2"])
            #expect(behind.laggards.map(\.node) == ["node-2"])
            try playground.signal("node-2 ztunnel", SIGCONT)
            let verdict = try playground.verdict(onPolicy: "closed", in: "bank", waitingSeconds: 30)
            #expect(verdict.enforced && verdict.enforcing == 2)
            #expect(try playground.ask(from: "bank/teller", "vault").text == nil)
        }
    }
}
