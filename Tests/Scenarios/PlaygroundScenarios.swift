import Foundation
import Glibc
import Testing

extension Scenarios {
    /// What the playground claims, seen from its command line.
    @Suite struct PlaygroundScenarios {
        @Test func `it carries, refuses by policy, and takes everything away again`() throws {
            let before = try PlaygroundRun.traces()
            let playground = try PlaygroundRun(manifests: Manifests.world)
            let up = try playground.up()
            #expect(up.status == 0, "\(up.errors)")
            for name in ["vault", "vault.bank", "vault.bank.svc.cluster.local"] {
                #expect(try playground.ask(from: "bank/teller", name).text == "hello")
            }
            #expect(try playground.ask(from: "bank/visitor", "vault").text == nil)
            #expect(try playground.ask(from: "street/passer-by", "vault.bank").text == nil)
            #expect(try playground.slipstream("playground", "down").status == 0)
            #expect(try PlaygroundRun.traces().subtracting(before) == [])
        }

        @Test func `the application sees the caller's own address`() throws {
            let playground = try PlaygroundRun(manifests: Manifests.world)
            #expect(try playground.up().status == 0)
            let own = try playground.exec("bank/teller", ["hostname", "-I"]).output
            let seen = try #require(try playground.ask(from: "bank/teller", "vault").client)
            #expect(own.split(whereSeparator: \.isWhitespace).contains(Substring(seen)))
        }

        @Test func `an edited manifest takes effect, and a bad one changes nothing`() throws {
            let playground = try PlaygroundRun(manifests: Manifests.world.filter { $0.key != "policy.yaml" })
            #expect(try playground.up().status == 0)
            #expect(try playground.ask(from: "street/passer-by", "vault.bank").text == nil)
            try playground.write("mode.yaml", Manifests.peerAuthentication("PERMISSIVE"))
            try eventually("the passer-by is served", withinSeconds: 20) {
                try playground.ask(from: "street/passer-by", "vault.bank").text == "hello"
            }
            try playground.write("mode.yaml", Manifests.peerAuthentication("[STRICT"))
            try eventually("the mistake is named") {
                try playground.slipstream("playground", "status").output.contains("/mode.yaml:")
            }
            #expect(try playground.ask(from: "bank/teller", "vault").text == "hello")
            #expect(try playground.ask(from: "street/passer-by", "vault.bank").text == "hello")
            try playground.write("mode.yaml", Manifests.peerAuthentication("STRICT"))
            try eventually("the passer-by is refused again", withinSeconds: 20) {
                try playground.ask(from: "street/passer-by", "vault.bank").text == nil
            }
        }

        @Test func `exec passes output and exit status through and adds nothing`() throws {
            let playground = try PlaygroundRun(manifests: Manifests.world)
            #expect(try playground.up().status == 0)
            let outcome = try playground.exec("bank/teller", ["sh", "-c", "printf out; printf err >&2; exit 7"])
            #expect(outcome.output == "out")
            #expect(outcome.errors == "err")
            #expect(outcome.status == 7)
            #expect(try playground.exec("bank/nobody", ["true"]).status != 0)
        }

        @Test func `status shows nodes, pods and identities`() throws {
            let playground = try PlaygroundRun(manifests: Manifests.world)
            #expect(try playground.up().status == 0)
            let status = try playground.slipstream("playground", "status")
            #expect(status.status == 0)
            for word in ["node-1", "node-2", "teller", "spiffe://cluster.local/ns/bank/sa/teller", "passer-by"] {
                #expect(status.output.contains(word))
            }
        }

        @Test func `a second one says that one is running`() throws {
            let playground = try PlaygroundRun(manifests: Manifests.world)
            #expect(try playground.up().status == 0)
            let second = try playground.up()
            #expect(second.status != 0)
            #expect(second.errors.contains("running"))
            #expect(try playground.ask(from: "bank/teller", "vault").text == "hello")
        }

        @Test func `down removes what one that was killed has left`() throws {
            let before = try PlaygroundRun.traces()
            let playground = try PlaygroundRun(manifests: Manifests.world)
            try playground.upInForeground(until: "bank/teller").kill()
            #expect(try playground.slipstream("playground", "down").status == 0)
            #expect(try PlaygroundRun.traces().subtracting(before) == [])
            #expect(try playground.up().status == 0)
        }

        @Test(arguments: [
            ("kind: [", ":1:"),
            ("apiVersion: v1\nkind: Namespace\n", "metadata"),
            ("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: park\n  lables: {}\n", ":5: metadata.lables"),
            ("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: dog, namespace: park}\n", "park"),
        ])
        func `a manifest that is malformed keeps it from starting, and is named`(text: String, word: String) throws {
            let before = try PlaygroundRun.traces()
            let playground = try PlaygroundRun(manifests: Manifests.world.merging(["broken.yaml": text]) { $1 })
            let outcome = try playground.up()
            #expect(outcome.status != 0)
            #expect(outcome.errors.contains("broken.yaml:"))
            #expect(outcome.errors.contains(word))
            #expect(try PlaygroundRun.traces().subtracting(before) == [])
        }

        @Test func `the shop runs as it comes`() throws {
            let playground = try PlaygroundRun()
            let up = try playground.up()
            #expect(up.status == 0, "\(up.errors)")
            let status = try playground.slipstream("playground", "status").output
            for word in ["frontend", "cart", "catalog"] { #expect(status.contains(word)) }
        }
    }
}
