import Glibc
import Testing

extension Scenarios {
    /// A pod goes, and another gets its address.
    @Suite struct AddressReuseScenarios {
        static let first = MeshPod(name: "first", node: 2, number: 50)
        /// Another identity; the same one; another node; not in the mesh.
        static let heirs = [
            MeshPod(name: "second", node: 2, number: 50),
            MeshPod(name: "second", node: 2, number: 50, sharedAccount: "first"),
            MeshPod(name: "second", node: 1, number: 50, addressNode: 2),
            MeshPod(name: "second", node: 1, number: 50, isEnrolled: false, addressNode: 2),
        ]

        @Test(arguments: heirs)
        func `who gets an address gets nothing that was meant for whoever had it`(heir: MeshPod) throws {
            let mesh = try NamespaceMesh(pods: [.client, .neighbour, Self.first])
            try mesh.serve(in: Self.first)
            // On both nodes, with tunnels that are warm, connections that are held open, and requests under way.
            let talks = try [MeshPod.client, .neighbour].map {
                try mesh.startTalk(from: $0, Self.first.address)
            }
            for caller in [MeshPod.client, .neighbour] {
                #expect(try mesh.askUntilAnswered(from: caller, Self.first.address).name == "first")
            }

            // Nobody has told the proxies when the heir is there already.
            try mesh.release(Self.first)
            try mesh.deletePod(Self.first)
            try mesh.addPod(heir)
            try mesh.serve(in: heir)
            if heir.isEnrolled { try mesh.enrol(heir) }
            let stale = try mesh.ask(from: .client, heir.address)
            #expect(stale.text == nil, "answered by \(stale.name ?? "nobody"), of whom the proxies do not know yet")

            try mesh.publish()
            for caller in [MeshPod.client, .neighbour] {
                #expect(try mesh.askUntilAnswered(from: caller, heir.address).name == "second")
                let isExpected = { (line: AccessLogLine) in
                    line.isOutbound && !line.failed && line["dst.workload"] == "second"
                }
                let line = try #require(try awaitLine(mesh.node(of: caller), isExpected))
                #expect(line["dst.identity"] == (heir.isEnrolled ? heir.identity : nil))
            }
            // Those that hung must find out, too.
            usleep(2_500_000)
            for talk in talks { talk.stop() }
            for talk in talks {
                let summary = try talk.summary()
                #expect(summary.wrong == [])
                #expect(Set(summary.answered.keys) == ["first", "second"])
            }
            for pod in [Self.first, heir] {
                #expect(try mesh.output(of: pod, "serve-7000").contains("astray") == false)
            }
        }
    }
}
