import Foundation
import Glibc
import Mesh

/// What changes while the soak goes on: policies, pods, and who is in the mesh.
final class Churn {
    /// Is in the mesh and out of it again, and always serves.
    static let wanderer = MeshPod(name: "wanderer", node: 2, number: 40, isEnrolled: false)

    private let mesh: NamespaceMesh
    private let denied: Watch
    private let foreign: Watch
    private var isStrict = false
    private var isDenying = false
    private var visits = 0
    /// What pods that came for a moment met and should not have.
    private(set) var wrong: [String] = []
    private(set) var rounds = 0

    /// - Parameters:
    ///   - denied: a caller that policy forbids at times.
    ///   - foreign: a caller outside the mesh.
    init(_ mesh: NamespaceMesh, denied: Watch, foreign: Watch) {
        (self.mesh, self.denied, self.foreign) = (mesh, denied, foreign)
    }

    /// Seconds of the clock that `transfer.py watch` reads, too.
    static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    func round() throws {
        rounds += 1
        isDenying.toggle()
        if rounds.isMultiple(of: 2) { isStrict.toggle() }
        try publishPolicies()
        try visit()
        try wander()
        try spy()
        settle()
    }

    // MARK: Policies

    /// Spies are never let in, whatever address they come from.
    private static let noSpies: AuthorizationPolicy = {
        var match = AuthorizationPolicy.Match()
        match.principals = [.prefix("cluster.local/ns/shop/sa/spy-")]
        return AuthorizationPolicy(
            name: "no-spies", namespace: "shop", scope: .namespace, action: .deny,
            rules: [.init(clauses: [.init(matches: [match])])])
    }()

    private func publishPolicies() throws {
        mesh.policies =
            [Self.noSpies] + (isStrict ? [.strict] : []) + (isDenying ? [.deny(.neighbour)] : [])
        // It may be in force before we come back from publishing it.
        let begun = Self.now
        try mesh.publish()
        denied.timeline.change(to: isDenying ? .refused : .admitted, at: begun)
        foreign.timeline.change(to: isStrict ? .refused : .admitted, at: begun)
    }

    // MARK: Pods

    /// Two pods come, one on each node, are served and serve, and go; those before them had their addresses.
    private func visit() throws {
        let visitors = [1, 2].map { MeshPod(name: "visitor-\($0)-\(visits % 3)", node: $0, number: 70 + visits % 2) }
        visits += 1
        for visitor in visitors { try enter(visitor) }
        settle()
        for visitor in visitors {
            try mesh.serve(in: visitor)
            let mix = try mesh.mix(from: visitor, MeshPod.server.address, connections: 6, bytes: 0..<64 << 10)
            wrong += mix.wrong.map { "\(visitor.name): \($0)" }
            let answer = try mesh.ask(from: .client, visitor.address)
            if answer.name != visitor.name { wrong.append("client → \(visitor.name): \(answer)") }
        }
        for visitor in visitors { try leave(visitor) }
    }

    /// A pod that is never let in, at the address of one that was.
    private func spy() throws {
        let spy = MeshPod(name: "spy-\(visits % 2)", node: 1 + visits % 2, number: 70 + (visits + 1) % 2)
        try enter(spy)
        settle()
        for server in [MeshPod.server, .client] {
            let answer = try mesh.ask(from: spy, server.address)
            if answer.text != nil { wrong.append("\(spy.name) was admitted by \(server.name)") }
        }
        try leave(spy)
    }

    private func enter(_ pod: MeshPod) throws {
        try mesh.addPod(pod)
        try mesh.publish()
        try mesh.enrol(pod)
    }

    private func leave(_ pod: MeshPod) throws {
        try mesh.release(pod)
        try mesh.removePod(pod)
        // Its name will come again, and must be another pod's then.
        try eventually("\(pod.name) is released", withinSeconds: 30) {
            let state = mesh.node(of: pod).state(of: pod)
            return state == nil || state == "released"
        }
    }

    // MARK: Who is in the mesh

    /// Whoever calls it is admitted all the while, under STRICT, too.
    private func wander() throws {
        let isIn = mesh.pods.first { $0.name == Self.wanderer.name }?.isEnrolled == true
        if isIn { try mesh.unlabel(Self.wanderer) } else { try mesh.label(Self.wanderer) }
    }

    private func settle() { usleep(UInt32(Timeline.marginSeconds * 1e6)) }
}
