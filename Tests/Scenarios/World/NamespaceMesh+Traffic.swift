import Foundation
import Mesh

/// What applications in the pods do: questions, transfers, and connections made by another HBONE stack.
extension NamespaceMesh {
    /// What came of one question to a `transfer.py` server.
    struct Answer: Decodable {
        let text: String?
        /// The client's address as the server saw it.
        let client: String?
        /// eof, reset, refused or timeout, when there was no answer.
        let failure: String?
    }

    func ask(from pod: MeshPod, _ address: String, port: Int = 7000, text: String = "hello") throws -> Answer {
        try run(in: pod, Project.script("transfer") + ["ask", address, "\(port)", text]).json()
    }

    /// Asks until there is an answer: for the moment in which what was published is not in force yet.
    func askUntilAnswered(from pod: MeshPod, _ address: String, port: Int = 7000) throws -> Answer {
        var answer = try ask(from: pod, address, port: port)
        try eventually("\(pod.name) gets an answer from \(address):\(port); it got \(answer)") {
            if answer.text == nil { answer = try ask(from: pod, address, port: port) }
            return answer.text != nil
        }
        return answer
    }

    struct Mix: Decodable {
        let connections: Int
        /// One sentence for each connection that was not as it should be.
        let wrong: [String]
    }

    /// Many connections, checksummed both ways, that end in every way TCP can.
    func mix(
        from pod: MeshPod, _ address: String, connections: Int, bytesLimit: Int = 1 << 20, parallel: Int = 8,
        seed: Int = .random(in: 0..<1_000_000)
    ) throws -> Mix {
        let command =
            Project.script("transfer") + [
                "mix", address, "7000", "--connections", "\(connections)", "--bytes", "\(bytesLimit)",
                "--parallel", "\(parallel)", "--seed", "\(seed)",
            ]
        return try run(in: pod, command, timeoutSeconds: 150).json()
    }

    /// A connection that is busy for some seconds while something else happens.
    final class SteadyTransfer {
        struct Summary: Decodable {
            let blocks: Int
            let wrong: String?
        }

        fileprivate let program: Program
        fileprivate let output: String

        fileprivate init(program: Program, output: String) {
            self.program = program
            self.output = output
        }

        /// Waits for its end.
        func summary() throws -> Summary {
            guard program.wait(seconds: 60) != nil else {
                throw Command.Failure(description: "the steady transfer does not end")
            }
            let lines = try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n")
            return try JSONDecoder().decode(Summary.self, from: Data((lines.last ?? "").utf8))
        }
    }

    /// Returns once the connection stands.
    func startSteadyTransfer(
        from pod: MeshPod, _ address: String, seconds: Double, port: Int = 7000
    ) throws -> SteadyTransfer {
        let label = "steady-\(UUID().uuidString)"
        let program = try start(
            in: pod, label, Project.script("transfer") + ["steady", address, "\(port)", "--seconds", "\(seconds)"])
        try eventually("the steady transfer from \(pod.name) has started") {
            try output(of: pod, label).contains("started")
        }
        return SteadyTransfer(
            program: program, output: directory.appending(path: "\(pod.name)-\(label).log").path)
    }

    /// What came of one connection by `hbone_client.py`; see there.
    struct ForeignOutcome: Decodable {
        struct TLS: Decodable {
            let version: String
            let cipher: String
            let alpn: String?
            let names: [String]
        }

        let stage: String
        let tls: TLS?
        let alert: String?
        let status: Int?
        let ended: Bool?
        let reset: Int?
        let goaway: Int?
        let closed: String?
        let received: String?
    }

    /// Connects to a pod's 15008 from a pod that is not in the mesh, with a certificate of the zoo (`authority/client`, or nil).
    func connectForeign(
        from pod: MeshPod = .outsider, to target: MeshPod = .server, certificate: String? = "authority/client",
        authority: String?, _ options: String...
    ) throws -> ForeignOutcome {
        var command =
            Project.script("hbone_client") + [
                target.address, "--root", "\(certificates)/authority/root-cert.pem", "--timeout", "5",
            ]
        if let certificate {
            command += [
                "--certificate", "\(certificates)/\(certificate).pem", "--key", "\(certificates)/\(certificate).key",
            ]
        }
        if let authority { command += ["--authority", authority] }
        return try run(in: pod, command + options).json()
    }
}
