import Foundation
import Glibc
import Testing

/// How long the soak goes on; `make soak` says ten minutes.
private let soakSeconds = ProcessInfo.processInfo.environment["SLIPSTREAM_SOAK_SECONDS"].flatMap { Double($0) } ?? 30

/// Everything at once, for a while: pods, policies and certificates change under traffic of which each byte is compared.
@Suite(
    .serialized, .enabled(if: geteuid() == 0, "makes network namespaces, and needs root for it"),
    .timeLimit(.minutes(Int(soakSeconds / 60) + 5)))
struct SoakScenario {
    /// Calls from the other node to the client's.
    private static let worker = MeshPod(name: "worker", node: 2, number: 22)

    @Test
    func `while pods, policies and certificates change, bytes are right, verdicts are right, and nothing piles up`()
        throws
    {
        let mesh = try NamespaceMesh(
            pods: [.client, .server, .neighbour, .outsider, Self.worker, Churn.wanderer]
        ) { mesh in
            for node in mesh.nodes { node.environment["SECRET_TTL"] = "60s" }
        }
        for pod in [MeshPod.client, .server, Churn.wanderer] { try mesh.serve(in: pod) }
        let begun = Churn.now
        let certificates = try mesh.nodes.map { try $0.certificates() }

        let traffic = try Traffic(mesh, worker: Self.worker, seconds: soakSeconds)
        let watches = try Watches(mesh, seconds: soakSeconds)
        let churn = Churn(mesh, denied: watches.denied, foreign: watches.foreign)
        try churn.round()
        let before = try mesh.nodes.map { (try $0.ztunnelSockets(), try $0.ztunnelMemory()) }
        while Churn.now < begun + soakSeconds { try churn.round() }

        #expect(churn.wrong == [])
        try traffic.expectRight()
        try watches.expectRight()
        for (node, old) in zip(mesh.nodes, certificates) {
            let new = try node.certificates()
            // Half of sixty seconds, less what a certificate begins early, and a moment.
            if Churn.now > begun + 30 { #expect(old.allSatisfy { new[$0.key] != nil && new[$0.key] != $0.value }) }
            #expect(try node.complaints() == [])
        }
        for (node, (sockets, memory)) in zip(mesh.nodes, before) {
            let usage = "\(try node.ztunnelSockets()) sockets, \(try node.ztunnelMemory()) KiB"
            print("soak, node \(node.number): \(sockets) sockets, \(memory) KiB; after \(churn.rounds) rounds \(usage)")
            try eventually("node \(node.number) has at most \(sockets) sockets; \(usage)", withinSeconds: 30) {
                try node.ztunnelSockets() <= sockets
            }
            #expect(try node.ztunnelMemory() <= memory * 5 / 4 + 2_048, "\(memory) KiB before; \(usage)")
        }
    }
}

/// What must go well all the time.
private struct Traffic {
    private let mixes: [NamespaceMesh.Occupation<NamespaceMesh.Mix>]
    private let steady: [NamespaceMesh.Occupation<NamespaceMesh.Steady>]

    init(_ mesh: NamespaceMesh, worker: MeshPod, seconds: Double) throws {
        let pairs = [(MeshPod.client, MeshPod.server), (worker, .client), (worker, .server)]
        mixes = try pairs.enumerated().map { seed, pair in
            let options = ["--parallel", "2", "--bytes", "262144", "--pause", "0.05", "--seed", "\(seed)"]
            return try mesh.occupy(pair.0, "mix", pair.1.address, seconds: seconds, options)
        }
        steady = try pairs.map { try mesh.startSteadyTransfer(from: $0, $1.address, seconds: seconds) }
    }

    func expectRight() throws {
        for mix in mixes {
            let summary = try mix.summary()
            #expect(summary.wrong == [])
            print("soak: \(summary.connections) connections, \(summary.up) bytes up, \(summary.down) down")
        }
        for transfer in steady { #expect(try transfer.summary().wrong == nil) }
    }
}

private struct Watches {
    let allowed: Watch
    let denied: Watch
    let foreign: Watch
    let wandering: Watch

    init(_ mesh: NamespaceMesh, seconds: Double) throws {
        allowed = try Watch(mesh, from: .client, to: .server, seconds: seconds, expecting: .admitted)
        denied = try Watch(mesh, from: .neighbour, to: .server, seconds: seconds, expecting: .admitted)
        foreign = try Watch(mesh, from: .outsider, to: .server, seconds: seconds, expecting: .admitted)
        wandering = try Watch(mesh, from: .client, to: Churn.wanderer, seconds: seconds, expecting: .admitted)
    }

    func expectRight() throws {
        for watch in [allowed, denied, foreign, wandering] {
            let findings = try watch.findings()
            print(
                "soak: \(watch.name): \(findings.admitted) admitted, \(findings.refused) refused, "
                    + "\(findings.undecided) while something changed")
            #expect(findings.wrong == [])
        }
    }
}
