import Foundation
import Testing

extension Scenarios {
    /// Much at once: connections, bytes. Afterwards ztunnel is as it was.
    @Suite struct CrowdScenarios {
        @Test func `two thousand connections of one pair of pods are open at once, and each gets its own`() throws {
            let mesh = try NamespaceMesh()
            try mesh.serve(in: .server)
            try expectUnchanged(mesh) {
                let crowd = try mesh.crowd(from: .client, MeshPod.server.address, connections: 2_000)
                #expect(crowd.connections == 2_000)
                #expect(crowd.wrong == [])
            }
        }

        /// Their ports are chosen by the client's kernel, and those of ztunnel's calls under its address by the pod's: the same ones
        /// come up in both.
        @Test func `two thousand connections without a tunnel, in and out, are open at once, and each gets its own`()
            throws
        {
            let mesh = try NamespaceMesh()
            for pod in [MeshPod.server, .outsider] { try mesh.serve(in: pod) }
            for (caller, server) in [(MeshPod.outsider, MeshPod.server), (.client, .outsider)] {
                let crowd = try mesh.crowd(from: caller, server.address, connections: 2_000)
                #expect(crowd.connections == 2_000)
                #expect(crowd.wrong == [])
            }
        }

        /// `SLIPSTREAM_BULK_GIB` makes it more than the one GiB.
        @Test func `a gigabyte goes both ways at once, each half ending when it is done`() throws {
            let gibibytes = ProcessInfo.processInfo.environment["SLIPSTREAM_BULK_GIB"].flatMap { Int($0) } ?? 1
            let mesh = try NamespaceMesh()
            try mesh.serve(in: .server)
            try expectUnchanged(mesh) {
                let mix = try mesh.mix(
                    from: .client, MeshPod.server.address, connections: 8 * gibibytes, bytes: 96 << 20..<176 << 20,
                    parallel: 8, ending: "each-when-done", seed: 5)
                #expect(mix.wrong == [])
                #expect(min(mix.up, mix.down) >= gibibytes << 30, "\(mix.up) bytes up, \(mix.down) down")
            }
        }
    }
}

/// Both ztunnels have after `body` what they had before it.
private func expectUnchanged(_ mesh: NamespaceMesh, _ body: () throws -> Void) throws {
    // What comes with the first connections, and stays.
    #expect(try mesh.mix(from: .client, MeshPod.server.address, connections: 60, parallel: 20).wrong == [])
    let before = try mesh.nodes.map { (try $0.ztunnelDescriptors(), try $0.ztunnelMemory()) }
    try body()
    for (node, (descriptors, memory)) in zip(mesh.nodes, before) {
        try eventually(
            "node \(node.number) is as before: \(descriptors) descriptors, \(memory) KiB; now \(usage(of: node))",
            withinSeconds: 30
        ) {
            // Idle tunnels stay for a while, one descriptor each: 2,000 connections need 20.
            try node.ztunnelDescriptors() <= descriptors + 30 && node.ztunnelMemory() <= memory * 12 / 10 + 2_048
        }
    }
}

private func usage(of node: MeshNode) -> String {
    "\((try? node.ztunnelDescriptors()) ?? 0) descriptors, \((try? node.ztunnelMemory()) ?? 0) KiB"
}
