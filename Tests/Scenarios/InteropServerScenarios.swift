import Foundation
import Testing

extension Scenarios.InteropScenarios {
    /// Servers that do what Envoy does not: `hbone_server.py`, each of whose manners is described there.
    @Suite struct ServerScenarios {
        /// What is within the protocol carries bytes as well as anything else.
        @Test func `whatever the protocol allows a server to do, bytes are exact`() throws {
            let server = try ForeignServer("Tunnel")
            for manner in ["Tunnel", "Late", "Interim", "Trailers", "Padded", "Split", "Chatty", "Resettling"] {
                try server.begin(manner)
                let mix = try server.mesh.mix(
                    from: .client, Envoy.pod.address, connections: 12, bytes: 0..<128 << 10, parallel: 6,
                    ending: "each-when-done")
                #expect(mix.wrong == [], "\(manner)")
                #expect(try server.events("goaway").isEmpty, "\(manner)")
            }
        }

        @Test func `bytes before the answer reach no application`() throws {
            let server = try ForeignServer("DataFirst")
            // The tunnel is given up, and what was asked for on it is asked for again.
            #expect(try server.ask().text == "hello")
            #expect(try server.events("goaway").map(\.code) == [1])
            #expect(try server.events("tunnel").count == 2)
        }

        /// What a server has not taken is asked for again, once, on another tunnel.
        @Test(arguments: ["Refusing", "Vanishing"])
        func `a request that a server did not take is tried again`(manner: String) throws {
            let server = try ForeignServer(manner)
            #expect(try server.ask().text == "hello")
            #expect(try server.events("tunnel").count == 2)
            #expect(try server.mesh.nodes[0].accessLog().filter(\.failed).isEmpty)
        }

        @Test func `a stream behind the last that a GOAWAY takes is tried again, and the others go on`() throws {
            let server = try ForeignServer("GoingAway")
            let transfer = try server.mesh.startSteadyTransfer(from: .client, Envoy.pod.address, seconds: 2)
            // The second that a worker asks of the first tunnel is answered by GOAWAY.
            for _ in 0..<8 { #expect(try server.ask().text == "hello") }
            #expect(try server.events("request").contains { $0.tunnel == 1 && ($0.stream ?? 0) > 1 })
            #expect(try transfer.summary().wrong == nil)
            #expect(try server.mesh.nodes[0].accessLog().filter(\.failed).isEmpty)
        }

        @Test func `a reset with any code is a reset to the application, and the tunnel goes on`() throws {
            let server = try ForeignServer("Resetting")
            for _ in 0..<15 { #expect(try server.ask().failure == "reset") }
            #expect(try Set(server.events("sent").map(\.code)).count == 15)
            #expect(try server.events("tunnel").count <= 2)
            #expect(try server.mesh.nodes[0].accessLog().filter(\.failed).count == 15)
        }
    }
}

/// `hbone_server.py` in the pod that is Envoy's elsewhere, before an application of `transfer.py`.
private final class ForeignServer {
    struct Event: Decodable {
        let event: String
        let tunnel: Int?
        let stream: Int?
        let code: Int?
    }

    let mesh: NamespaceMesh
    private var program: Program?
    private var log = ""

    init(_ manner: String) throws {
        mesh = try .servedWithEnvoy()
        try begin(manner)
    }

    /// Makes way for a server of another manner; the tunnels of the one before are lost.
    func begin(_ manner: String) throws {
        program?.kill()
        log = "hbone-\(manner)-\(UUID().uuidString)"
        let authority = "\(mesh.certificates)/authority"
        let options = [
            Envoy.pod.address, "--root", "\(authority)/root-cert.pem", "--certificate", "\(authority)/envoy.pem",
            "--key",
            "\(authority)/envoy.key", "--manner", manner,
        ]
        program = try mesh.start(in: Envoy.pod, log, Project.script("hbone_server") + options)
        try eventually("the server listens") { try mesh.output(of: Envoy.pod, log).contains("listening") }
    }

    func ask() throws -> NamespaceMesh.Answer { try mesh.ask(from: .client, Envoy.pod.address) }

    /// What it has said of this kind.
    func events(_ kind: String) throws -> [Event] {
        try mesh.output(of: Envoy.pod, log).split(separator: "\n").compactMap { line in
            try? JSONDecoder().decode(Event.self, from: Data(line.utf8))
        }.filter { $0.event == kind }
    }
}
