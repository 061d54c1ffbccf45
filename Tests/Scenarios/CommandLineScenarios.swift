import Foundation
import Glibc
import Testing

extension Scenarios {
    /// The command line against a real controller and its proxies: what it says is what they do.
    @Suite struct CommandLineScenarios {
        private let mesh: NamespaceMesh
        private let controller: MeshController

        init() throws {
            mesh = try NamespaceMesh { $0.hasController = true }
            controller = try #require(mesh.controller)
        }

        private func slipstream(_ arguments: String...) throws -> Command.Outcome {
            try Command.run(
                ["ip", "netns", "exec", mesh.nodes[0].namespaceName, Project.binary("slipstream")] + arguments
                    + ["--controller", controller.socket], timeoutSeconds: 60)
        }

        private func awaitStatus(_ sentence: String) throws {
            var last = ""
            try eventually("the status says \(sentence), and not \(last)", withinSeconds: 30) {
                last = try slipstream("status").output
                return last.hasPrefix(sentence)
            }
        }

        private static func policy(_ action: String) -> String {
            """
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata:
              name: known
              namespace: shop
            spec:
              action: \(action)
              selector:
                matchLabels:
                  app: server
              rules:
              - from:
                - source:
                    principals: [cluster.local/ns/shop/sa/client]
            """
        }

        private static let sound = "3 pods on 2 nodes in the mesh, all 2 proxies in sync"

        @Test func `a policy is waited for, and who holds it back is named`() throws {
            try awaitStatus("\(Self.sound), no policies.")
            let missing = try slipstream("wait", "ap/known", "-n", "shop", "--timeout", "1s")
            #expect(missing.status == 1 && missing.output.isEmpty)
            #expect(missing.errors == "slipstream: after 1s there is no AuthorizationPolicy shop/known\n")

            try controller.write(Self.policy("ALLOW"), to: "policy")
            let enforced = try slipstream("wait", "AuthorizationPolicy/known", "-n", "shop", "--timeout", "30s")
            #expect(enforced.status == 0 && enforced.errors.isEmpty)
            #expect(enforced.output.hasPrefix("authorizationpolicy/known is enforced by "))
            #expect(try slipstream("status").output.hasPrefix("\(Self.sound), 1/1 policies enforced.\n"))

            let ztunnel = try #require(mesh.nodes[1].ztunnel)
            ztunnel.signal(SIGSTOP)
            defer { ztunnel.signal(SIGCONT) }
            try controller.write(Self.policy("DENY"), to: "policy")
            let late = try slipstream("wait", "ap", "known", "-n", "shop", "--timeout", "2s")
            #expect(late.status == 1 && late.errors.contains("is not enforced everywhere after 2s"))
            #expect(late.errors.contains("slipstream-system/ztunnel-2 on node-2 has not acknowledged it yet"))
            #expect(try slipstream("status").output.contains("only 0/1 policies enforced"))

            ztunnel.signal(SIGCONT)
            #expect(
                try slipstream("wait", "ap/known", "-n", "shop", "-o", "json").output.contains(#""enforced" : true"#))
        }

        @Test func `a pod is described with all that decides for it, or with what keeps it out`() throws {
            try controller.write(Self.policy("ALLOW"), to: "policy")
            #expect(try slipstream("wait", "ap/known", "-n", "shop").status == 0)
            let server = try slipstream("describe", "pod", "server", "-n", "shop").output
            for line in [
                "Identity:     spiffe://cluster.local/ns/shop/sa/server",
                "Proxies:      slipstream-system/ztunnel-2: in sync",
                "Callers:      may come without mutual TLS (PERMISSIVE, the mesh's default)",
                "ALLOW    AuthorizationPolicy shop/known",
                "Whom none of the ALLOW policies admits is refused.",
            ] {
                #expect(server.contains(line), "\(server)")
            }
            let outsider = try slipstream("describe", "pod/outsider", "-n", "shop").output
            #expect(outsider.contains("In the mesh:  no, since it has the label istio.io/dataplane-mode=none"))
            let elsewhere = try slipstream("describe", "pod/server")
            #expect(elsewhere.status == 1 && elsewhere.errors.hasSuffix("in namespace shop: add -n shop\n"))
        }

        @Test func `a file that cannot be read is told with its line, and its policy is not called enforced`() throws {
            try controller.write(Self.policy("ALLOW"), to: "policy")
            #expect(try slipstream("wait", "ap/known", "-n", "shop").status == 0)
            try controller.write(Self.policy("REFUSE"), to: "policy")
            try eventually("the file is told", withinSeconds: 20) {
                try slipstream("status").output.contains("policy.yaml:7: spec.action: ")
            }
            #expect(
                try slipstream("status").output.hasPrefix(
                    "\(Self.sound), only 0/1 policies enforced, 1 problem in manifests."))
        }

        @Test func `what a proxy holds is asked of the proxy itself`() throws {
            try controller.write(Self.policy("ALLOW"), to: "policy")
            #expect(try slipstream("wait", "ap/known", "-n", "shop").status == 0)
            func config(_ part: String) throws -> String {
                let outcome = try slipstream("config", part, "-n", "shop", "--admin", "127.0.0.1:15000")
                #expect(outcome.status == 0, "\(outcome.errors)")
                return outcome.output
            }
            let workloads = try config("workloads").split(separator: "\n")
            #expect(workloads.count == 5 && workloads.contains { $0.hasPrefix("shop        server") })
            #expect(try config("policies").contains("known"))
            #expect(try config("certificates").contains("spiffe://cluster.local/ns/shop/sa/client"))
            #expect(try config("connections") == "none\n")
        }

        @Test func `a waypoint is made and removed beside the user's own files`() throws {
            let directory = controller.manifests.path
            #expect(try slipstream("waypoint", "apply", "-n", "shop").status == 1)
            let applied = try slipstream("waypoint", "apply", "-n", "shop", "--directory", directory)
            #expect(applied.output == "waypoint shop/waypoint applied\n")
            try eventually("the waypoint is known", withinSeconds: 20) {
                try slipstream("waypoint", "list", "-n", "shop").output.contains(
                    "shop        waypoint   service   False")
            }
            #expect(try slipstream("waypoint", "status", "waypoint", "-n", "shop").status == 1)
            #expect(
                try slipstream("waypoint", "delete", "waypoint", "-n", "shop", "--directory", directory).status == 0)
            try eventually("the waypoint is gone", withinSeconds: 20) {
                try slipstream("waypoint", "list", "-A").errors == "there are no waypoints\n"
            }
        }

        @Test func `without a mesh it says what to do`() throws {
            let nobody = try Command.run([Project.binary("slipstream"), "status", "--controller", "/tmp/nobody.sock"])
            #expect(nobody.status == 1)
            #expect(
                nobody.errors
                    == "slipstream: no controller listens at /tmp/nobody.sock; start one with --api-socket /tmp/nobody.sock\n"
            )
            let cluster = try Command.run([Project.binary("slipstream"), "status", "--context", "prod"])
            #expect(cluster.status == 1 && cluster.errors.contains("does not reach clusters yet"))
        }
    }
}
