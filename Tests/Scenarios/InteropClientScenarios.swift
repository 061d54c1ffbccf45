import Testing

extension Scenarios.InteropScenarios {
    /// Clients that do what Envoy does not: `hbone_odd_client.py`, each of whose manners is described there.
    @Suite struct ClientScenarios {
        struct Outcome: Decodable {
            let answers: Int
            let reset: Int?
            let goaway: Int?
        }

        @Test func `whatever the protocol allows a client to do, each of its streams is answered`() throws {
            let mesh = try NamespaceMesh()
            try mesh.serve(in: .server)
            for manner in ["Client", "Padded", "Split", "Trailers", "Talkative", "Dribbling"] {
                let outcome = try connect(mesh, manner)
                #expect(outcome.answers == 20, "\(manner)")
                #expect(outcome.reset == nil && outcome.goaway == nil, "\(manner)")
            }
            let lines = try mesh.nodes[1].accessLog()
            #expect(lines.allSatisfy { $0["src.identity"] == MeshPod.client.identity && !$0.failed })
            #expect(lines.allSatisfy { $0["src.addr"]?.hasPrefix(MeshPod.outsider.address + ":") == true })
        }

        private func connect(_ mesh: NamespaceMesh, _ manner: String) throws -> Outcome {
            let authority = "\(mesh.certificates)/authority"
            let options = [
                MeshPod.server.address, "--root", "\(authority)/root-cert.pem", "--certificate",
                "\(authority)/client.pem",
                "--key", "\(authority)/client.key", "--authority", "\(MeshPod.server.address):7000", "--manner", manner,
            ]
            return try mesh.run(in: .outsider, Project.script("hbone_odd_client") + options).json()
        }
    }
}
