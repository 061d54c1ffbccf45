import Glibc
import Testing

extension Scenarios {
    /// Where policy asks for tunnels from the start, pods get the mesh's label and lose it while others call them all the time.
    @Suite struct LabelScenarios {
        private static let newcomer = MeshPod(name: "newcomer", node: 2, number: 40, isEnrolled: false)

        @Test func `no call to a pod is lost while it comes in under STRICT, and while it leaves`() throws {
            let mesh = try NamespaceMesh(pods: [.client, .neighbour, .outsider, Self.newcomer]) {
                $0.policies = [.strict]
            }
            try mesh.serve(in: Self.newcomer)
            let calls = try [MeshPod.client, .neighbour].map { try mesh.startCalls(from: $0, Self.newcomer.address) }
            for _ in 0..<2 {
                try mesh.label(Self.newcomer)
                usleep(300_000)
                #expect(try mesh.ask(from: .outsider, Self.newcomer.address).text == nil, "STRICT is in force")
                try mesh.unlabel(Self.newcomer)
                #expect(try mesh.ask(from: .outsider, Self.newcomer.address).text == "hello")
            }
            for call in calls { call.stop() }
            for call in calls {
                let summary = try call.summary()
                #expect(summary.wrong == [])
                #expect(summary.calls > 200)
                #expect(summary.kept > 200)
            }
            #expect(
                try mesh.nodes[1].accessLog().contains { $0.isInbound && $0["src.identity"] == MeshPod.client.identity }
            )
        }

        @Test func `no call of a pod is lost while it comes in under STRICT, and while it leaves`() throws {
            let open = MeshPod(name: "open", node: 2, number: 41, isEnrolled: false, namespace: "open")
            let mesh = try NamespaceMesh(pods: [.server, Self.newcomer, open]) { $0.policies = [.strict] }
            try mesh.serve(in: open)
            try mesh.serve(in: Self.newcomer)
            let calls = try mesh.startCalls(from: Self.newcomer, open.address)
            for _ in 0..<2 {
                try mesh.label(Self.newcomer)
                #expect(try mesh.askUntilAnswered(from: Self.newcomer, open.address).text == "hello")
                try mesh.unlabel(Self.newcomer)
            }
            calls.stop()
            let summary = try calls.summary()
            #expect(summary.wrong == [])
        }

        @Test func `a pod that nobody can call yet is captured at once`() throws {
            let mesh = try NamespaceMesh(pods: [.client, .outsider, Self.newcomer]) { $0.policies = [.strict] }
            try mesh.node(of: Self.newcomer).enrol(Self.newcomer)
            try eventually("the newcomer is enrolled") {
                let state = mesh.node(of: Self.newcomer).state(of: Self.newcomer)
                #expect(state != "joining")
                return state == "enabled"
            }
            try mesh.serve(in: Self.newcomer)
            #expect(try mesh.ask(from: .outsider, Self.newcomer.address).text == nil)
        }
    }
}
