import Testing

extension Scenarios {
    /// Bytes: all of them, in order, both ways, and the way they end.
    @Suite struct TransferScenarios {
        @Test(arguments: [MeshPod.client, .neighbour])
        func `transfers through the tunnel are exact, whichever way they end`(caller: MeshPod) throws {
            let mesh = try NamespaceMesh()
            try mesh.serve(in: .server)
            let mix = try mesh.mix(from: caller, MeshPod.server.address, connections: 100)
            #expect(mix.wrong == [])
        }

        @Test func `plaintext that passes through is exact too`() throws {
            let mesh = try NamespaceMesh()
            try mesh.serve(in: .server)
            try mesh.serve(in: .outsider)
            #expect(try mesh.mix(from: .outsider, MeshPod.server.address, connections: 50).wrong == [])
            #expect(try mesh.mix(from: .client, MeshPod.outsider.address, connections: 50).wrong == [])
        }

        @Test func `large transfers do not hold up small ones`() throws {
            let mesh = try NamespaceMesh()
            try mesh.serve(in: .server)
            let large = try mesh.mix(
                from: .client, MeshPod.server.address, connections: 5, bytes: 0..<256 << 20, parallel: 5)
            #expect(large.wrong == [])
        }

        @Test func `hundreds of connections share the tunnels`() throws {
            let mesh = try NamespaceMesh()
            try mesh.serve(in: .server)
            let mix = try mesh.mix(
                from: .client, MeshPod.server.address, connections: 1_000, bytes: 0..<64 << 10, parallel: 250)
            #expect(mix.wrong == [])
        }
    }
}
