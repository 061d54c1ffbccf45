import Mesh
import Testing

extension Scenarios {
    /// Other stacks at the other end of the tunnel: they and ours work as if written by one team.
    @Suite struct InteropScenarios {}
}

/// Which end of the tunnel Envoy is.
enum EnvoyRole: CaseIterable, CustomTestStringConvertible {
    case client, server

    /// Where the applications that connect are, and where they connect to.
    var caller: MeshPod { self == .client ? Envoy.pod : .client }
    var address: String { self == .client ? "127.0.0.1" : Envoy.pod.address }
    var port: Int { self == .client ? Envoy.outboundPort : 7000 }

    var testDescription: String { "Envoy as \(self)" }
}

extension NamespaceMesh {
    /// A mesh whose configuration has Envoy's pod as one that takes tunnels, with an application in it and one in ours.
    static func servedWithEnvoy(_ configure: (NamespaceMesh) -> Void = { _ in }) throws -> NamespaceMesh {
        let mesh = try NamespaceMesh(pods: [.client, .server, .neighbour, Envoy.pod]) { mesh in
            mesh.adjust = { workload in
                if workload.name == Envoy.pod.name { workload.tunnelProtocol = .hbone }
            }
            configure(mesh)
        }
        for pod in [MeshPod.server, Envoy.pod] { try mesh.serve(in: pod) }
        return mesh
    }

    /// Whose ztunnel is at the other end of the tunnel.
    func peer(of role: EnvoyRole) -> MeshNode { role == .client ? node(of: .server) : node(of: .client) }

    /// Runs `transfer.py` between an application of ours and one behind Envoy.
    private func transfer<Result: Decodable>(_ role: EnvoyRole, _ work: String, _ options: [String]) throws -> Result {
        let command = Project.script("transfer") + [work, role.address, "\(role.port)"]
        return try run(in: role.caller, command + options, timeoutSeconds: 120).json()
    }

    func mix(
        _ role: EnvoyRole, connections: Int, bytes: Range<Int>, parallel: Int = 8, endings: [String]
    ) throws -> Mix {
        let options = [
            "--connections", "\(connections)", "--parallel", "\(parallel)", "--least", "\(bytes.lowerBound)",
            "--bytes", "\(bytes.upperBound)",
        ]
        return try transfer(role, "mix", options + endings.flatMap { ["--ending", $0] })
    }

    func crowd(_ role: EnvoyRole, connections: Int) throws -> Crowd {
        try transfer(role, "crowd", ["--connections", "\(connections)", "--parallel", "64"])
    }

    func ask(_ role: EnvoyRole) throws -> Answer { try ask(from: role.caller, role.address, port: role.port) }

    func startSteadyTransfer(_ role: EnvoyRole, seconds: Double) throws -> Occupation<Steady> {
        try startSteadyTransfer(from: role.caller, role.address, seconds: seconds, port: role.port)
    }
}
