import Foundation
import Testing

extension Scenarios {
    /// Pods enter and leave the mesh while they work.
    @Suite struct EnrolmentScenarios {
        static let newcomer = MeshPod(name: "newcomer", node: 1, number: 12, isEnrolled: false)

        @Test func `a connection that is open when a pod enters goes on, and the next one is carried`() throws {
            let mesh = try NamespaceMesh(pods: [.server, Self.newcomer])
            try mesh.serve(in: .server)
            let transfer = try mesh.startSteadyTransfer(from: Self.newcomer, MeshPod.server.address, seconds: 4)
            try mesh.setEnrolled(Self.newcomer, true)
            try mesh.enrol(Self.newcomer)
            #expect(mesh.nodes[0].status(of: Self.newcomer)?.olderConnections == 1)
            let answer = try mesh.askUntilAnswered(from: Self.newcomer, MeshPod.server.address)
            #expect(answer.client == Self.newcomer.address)
            let line = try #require(
                try awaitLine(mesh.nodes[1]) { $0.isInbound && $0["src.identity"] == Self.newcomer.identity })
            #expect(line["tls.version"] == "TLSv1.3")
            let summary = try transfer.summary()
            #expect(summary.wrong == nil)
            #expect(summary.blocks > 50)
            try eventually("the agent has seen that no older connection is left", withinSeconds: 30) {
                mesh.nodes[0].status(of: Self.newcomer)?.olderConnections == 0
            }
        }

        @Test func `a connection into a pod that enters goes on`() throws {
            let mesh = try NamespaceMesh(pods: [.client, .outsider, Self.newcomer])
            try mesh.serve(in: Self.newcomer)
            let transfer = try mesh.startSteadyTransfer(from: .outsider, Self.newcomer.address, seconds: 4)
            try mesh.setEnrolled(Self.newcomer, true)
            try mesh.enrol(Self.newcomer)
            #expect(try mesh.askUntilAnswered(from: .client, Self.newcomer.address).text == "hello")
            #expect(try transfer.summary().wrong == nil)
        }

        @Test func `a pod that leaves keeps its running transfer, and its next connection is its own`() throws {
            let mesh = try NamespaceMesh()
            try mesh.serve(in: .server)
            let transfer = try mesh.startSteadyTransfer(from: .client, MeshPod.server.address, seconds: 4)
            try mesh.setEnrolled(.client, false)
            try mesh.release(.client)
            try eventually("new connections of the client are its own again") {
                let before = try mesh.nodes[0].accessLog().count
                let answer = try mesh.ask(from: .client, MeshPod.server.address)
                usleep(100_000)
                return try answer.text == "hello" && mesh.nodes[0].accessLog().count == before
            }
            #expect(try transfer.summary().wrong == nil)
            try eventually("the agent has released the client", withinSeconds: 30) {
                let state = mesh.nodes[0].state(of: .client)
                return state == nil || state == "released"
            }
            let rules = try mesh.run(in: .client, ["nft", "list", "ruleset"]).output
            #expect(rules.isEmpty)
        }

        @Test func `connections to a pod that leaves go on, and no call is lost whoever hears of it when`() throws {
            let mesh = try NamespaceMesh()
            try mesh.serve(in: .server)
            let transfer = try mesh.startSteadyTransfer(from: .client, MeshPod.server.address, seconds: 5)
            func ask(_ times: Int) throws {
                for _ in 0..<times { #expect(try mesh.ask(from: .client, MeshPod.server.address).text == "hello") }
            }
            // The client's node hears of it late.
            try mesh.release(.server)
            try ask(5)
            try mesh.setEnrolled(.server, false)
            try ask(5)
            #expect(try transfer.summary().wrong == nil)
            try eventually("the agent has released the server", withinSeconds: 30) {
                let state = mesh.nodes[1].state(of: .server)
                return state == nil || state == "released"
            }
            try ask(2)
        }

        @Test func `enrolment can be repeated`() throws {
            let mesh = try NamespaceMesh(pods: [.server, Self.newcomer])
            try mesh.serve(in: .server)
            for _ in 0..<3 {
                try mesh.setEnrolled(Self.newcomer, true)
                try mesh.enrol(Self.newcomer)
                #expect(try mesh.askUntilAnswered(from: Self.newcomer, MeshPod.server.address).text == "hello")
                try mesh.setEnrolled(Self.newcomer, false)
                try mesh.release(Self.newcomer)
                try eventually("the newcomer is released", withinSeconds: 30) {
                    let state = mesh.nodes[0].state(of: Self.newcomer)
                    return state == nil || state == "released"
                }
                #expect(try mesh.askUntilAnswered(from: Self.newcomer, MeshPod.server.address).text == "hello")
            }
        }

        @Test func `pods that come and go leave nothing in ztunnel`() throws {
            let mesh = try NamespaceMesh()
            try mesh.serve(in: .server)
            #expect(try mesh.ask(from: .client, MeshPod.server.address).text == "hello")
            let before = try mesh.nodes[0].ztunnelDescriptors()
            for round in 0..<3 {
                let guests = (0..<4).map { MeshPod(name: "guest-\(round)-\($0)", node: 1, number: 100 + $0) }
                for guest in guests { try mesh.addPod(guest) }
                try mesh.publish()
                for guest in guests { try mesh.enrol(guest) }
                for guest in guests {
                    #expect(try mesh.askUntilAnswered(from: guest, MeshPod.server.address).client == guest.address)
                }
                for guest in guests {
                    try mesh.release(guest)
                    try mesh.removePod(guest)
                }
            }
            #expect(try mesh.ask(from: .client, MeshPod.server.address).text == "hello")
            try eventually("ztunnel has no more descriptors than the \(before) before", withinSeconds: 30) {
                try mesh.nodes[0].ztunnelDescriptors() <= before + 2
            }
        }

        @Test func `an address that another pod takes over carries the new pod's identity`() throws {
            let mesh = try NamespaceMesh()
            try mesh.serve(in: .server)
            let first = MeshPod(name: "first", node: 1, number: 50)
            let second = MeshPod(name: "second", node: 1, number: 50)
            for pod in [first, second] {
                try mesh.addPod(pod)
                try mesh.publish()
                try mesh.enrol(pod)
                #expect(try mesh.askUntilAnswered(from: pod, MeshPod.server.address).client == pod.address)
                let line = try awaitLine(mesh.nodes[1]) { $0.isInbound && $0["src.identity"] == pod.identity }
                #expect(line?["src.workload"] == pod.name)
                try mesh.release(pod)
                try mesh.removePod(pod)
            }
        }
    }
}
