import Mesh
import Testing

/// Runs `body` with a mesh that has a server in it, and that is as good afterwards as it was before: it serves, with no more
/// threads, descriptors or memory than before.
func withServedMesh(
    pods: [MeshPod] = [.client, .server, .neighbour, .outsider], policies: [AuthorizationPolicy] = [],
    adjust: @escaping (inout Workload) -> Void = { _ in }, _ body: (NamespaceMesh) throws -> Void
) throws {
    let mesh = try NamespaceMesh(pods: pods) { mesh in
        mesh.policies = policies
        mesh.adjust = adjust
    }
    try mesh.serve(in: .server)
    #expect(try mesh.ask(from: .client, MeshPod.server.address).text == "hello")
    let before = try mesh.nodes.map(Possessions.init)
    try body(mesh)
    #expect(try mesh.ask(from: .client, MeshPod.server.address).text == "hello")
    for (node, before) in zip(mesh.nodes, before) {
        var now = before
        try eventually("ztunnel \(node.number) has what it had: \(before), not \(now)", withinSeconds: 30) {
            now = try Possessions(of: node)
            return now.isWithin(before)
        }
    }
}

/// What a ztunnel holds of its machine's.
private struct Possessions: CustomStringConvertible {
    private let descriptors: Int
    private let threads: Int
    private let memoryKiB: Int

    init(of node: MeshNode) throws {
        descriptors = try node.ztunnelDescriptors()
        threads = try node.ztunnelThreads()
        memoryKiB = try node.ztunnelMemory()
    }

    /// Each of the two workers may have made its tunnel meanwhile, and kept a pair of spare pipes; and what a process has once
    /// needed, it keeps a part of. A sanitizer keeps what was freed.
    func isWithin(_ before: Possessions) -> Bool {
        let isLarger = memoryKiB > before.memoryKiB * 12 / 10 + 6 * 1024
        return descriptors <= before.descriptors + 12 && threads <= before.threads
            && (!isLarger || Project.isSanitized)
    }

    var description: String { "\(descriptors) descriptors, \(threads) threads, \(memoryKiB) KiB" }
}
