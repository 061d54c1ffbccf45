import Testing

extension Scenarios.InteropScenarios {
    /// Bytes between an application of ours and one behind Envoy.
    @Suite struct EnvoyTransferScenarios {
        /// What Envoy carries as a server. When its application is done first it takes nothing more of the client's (see
        /// docs/reference/interop.md).
        static let endings: [EnvoyRole: [String]] = [
            .client: ["client-first", "server-first", "each-when-done", "together", "server-last", "server-closes"],
            .server: ["server-last"],
        ]

        @Test(arguments: EnvoyRole.allCases, [65_535, 4 << 20])
        func `large transfers both ways at once are exact, with small windows and with ours`(
            role: EnvoyRole, window: Int
        ) throws {
            let mesh = try NamespaceMesh.servedWithEnvoy()
            _ = try Envoy(in: mesh) { $0.streamWindowBytes = window }
            let size = 64 << 20
            let mix = try mesh.mix(
                role, connections: 1, bytes: size..<size + 4096, endings: ["server-last"])
            #expect(mix.wrong == [])
            #expect(mix.up >= size && mix.down >= size)
        }

        @Test(arguments: EnvoyRole.allCases)
        func `either end may be done first, and the other goes on`(role: EnvoyRole) throws {
            let mesh = try NamespaceMesh.servedWithEnvoy()
            let envoy = try Envoy(in: mesh)
            let mix = try mesh.mix(
                role, connections: 60, bytes: 0..<256 << 10, parallel: 20, endings: Self.endings[role] ?? [])
            #expect(mix.wrong == [])
            let tunnels =
                role == .client ? "cluster.target.upstream_cx_http2_total" : "http.inbound.downstream_cx_http2_total"
            #expect(try (1...2).contains(envoy.sum("^\(tunnels)$")))
        }

        @Test func `what an application behind Envoy sent before it closed arrives whole`() throws {
            let mesh = try NamespaceMesh.servedWithEnvoy()
            _ = try Envoy(in: mesh)
            let mix = try mesh.mix(
                .server, connections: 12, bytes: 1 << 20..<2 << 20, parallel: 6, endings: ["server-closes"])
            #expect(mix.wrong == [])
        }

        /// Each role's: the other two Envoy carries as an end (see docs/reference/interop.md).
        @Test(arguments: [(EnvoyRole.client, "client-resets-before-any-end"), (.server, "server-resets")])
        func `a reset of an application that Envoy dials or serves arrives as one`(role: EnvoyRole, ending: String)
            throws
        {
            let mesh = try NamespaceMesh.servedWithEnvoy()
            _ = try Envoy(in: mesh)
            let mix = try mesh.mix(role, connections: 20, bytes: 0..<256 << 10, parallel: 5, endings: [ending])
            #expect(mix.wrong == [])
        }
    }
}
