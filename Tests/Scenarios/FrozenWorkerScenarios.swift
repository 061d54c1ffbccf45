import Foundation
import Testing

extension Scenarios {
    /// What is in force must be in force on every worker of a proxy.
    @Suite struct FrozenWorkerScenarios {
        private struct Verdict: Decodable {
            struct Laggard: Decodable {
                let name: String
                let node: String
                let reason: String
            }

            let enforced: Bool
            let enforcing: Int
            let total: Int
            let laggards: [Laggard]
        }

        private static func verdict(_ controller: MeshController) throws -> Verdict {
            let page = try controller.page("/api/enforcement?kind=AuthorizationPolicy&namespace=shop&name=refuse")
            return try JSONDecoder().decode(Verdict.self, from: Data(try #require(page).utf8))
        }

        private static func refuse(_ port: Int) -> String {
            """
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata: {name: refuse, namespace: shop}
            spec:
              action: DENY
              rules: [{to: [{operation: {ports: ["\(port)"]}}]}]
            """
        }

        @Test func `one worker that stands still holds up the count, which names its proxy`() throws {
            let mesh = try NamespaceMesh { $0.hasController = true }
            let controller = try #require(mesh.controller)
            try controller.write(Self.refuse(1), to: "policy")
            try controller.awaitEnforcement(of: "AuthorizationPolicy", "refuse")
            let before = try Self.verdict(controller)
            #expect(before.enforcing == before.total && before.total == mesh.nodes.count)

            let node = mesh.nodes[1]
            let pid = try #require(node.ztunnel?.pid)
            let log = mesh.nodes[1].log("freeze")
            let freezer = try Program(
                Project.script("freeze") + ["\(pid)", "worker-1"], output: log, errors: log)
            defer { freezer.kill() }
            try eventually("a worker stands still") {
                try String(contentsOfFile: log, encoding: .utf8).contains("frozen")
            }
            try controller.write(Self.refuse(2), to: "policy")
            try eventually("the other node's proxy has it in force") {
                let verdict = try Self.verdict(controller)
                return !verdict.enforced && verdict.enforcing == verdict.total - 1
            }
            for _ in 0..<20 {
                usleep(50_000)
                let verdict = try Self.verdict(controller)
                #expect(!verdict.enforced && verdict.enforcing == verdict.total - 1)
                #expect(verdict.laggards.map(\.node) == ["node-\(node.number)"])
                #expect(verdict.laggards.first?.reason == "has not acknowledged it yet")
            }
            freezer.kill()
            try controller.awaitEnforcement(of: "AuthorizationPolicy", "refuse")
        }
    }
}
