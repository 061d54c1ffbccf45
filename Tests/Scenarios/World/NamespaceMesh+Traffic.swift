import Foundation
import Glibc
import Mesh

/// What applications in the pods do: questions, transfers, and connections made by another HBONE stack.
extension NamespaceMesh {
    /// What came of one question to a `transfer.py` server.
    struct Answer: Decodable {
        let text: String?
        /// The client's address as the server saw it.
        let client: String?
        /// What the server calls itself.
        let name: String?
        /// eof, reset, refused or timeout, when there was no answer.
        let failure: String?
    }

    func ask(from pod: MeshPod, _ address: String, port: Int = 7000, text: String = "hello") throws -> Answer {
        try run(in: pod, Project.script("transfer") + ["ask", address, "\(port)", text]).json()
    }

    /// As `ask`, and how many bytes went to the server and came back.
    func askForBytes(
        from pod: MeshPod, _ address: String, port: Int
    ) throws -> (answer: Answer, bytes: (sent: Int, received: Int)) {
        let outcome = try run(in: pod, Project.script("transfer") + ["ask", address, "\(port)", "hello"])
        // What the server sent is printed as it came.
        return (try outcome.json(), (#"{"do": "reply", "text": "hello"}"#.utf8.count + 1, outcome.output.utf8.count))
    }

    /// Asks until there is an answer: for the moment in which what was published is not in force yet.
    func askUntilAnswered(
        from pod: MeshPod, _ address: String, port: Int = 7000, withinSeconds seconds: Double = 10
    ) throws -> Answer {
        var answer = try ask(from: pod, address, port: port)
        try eventually(
            "\(pod.name) gets an answer from \(address):\(port); it got \(answer)", withinSeconds: seconds
        ) {
            if answer.text == nil { answer = try ask(from: pod, address, port: port) }
            return answer.text != nil
        }
        return answer
    }

    struct Mix: Decodable {
        let connections: Int
        /// Bytes that came, in each direction.
        let up: Int
        let down: Int
        /// One sentence for each connection that was not as it should be.
        let wrong: [String]
    }

    /// Many connections whose every byte is compared, both ways, and that end in every way TCP can.
    ///
    /// - Parameters:
    ///   - bytes: how many go in each direction of each.
    ///   - ending: of `transfer.py`, when all are to end alike.
    func mix(
        from pod: MeshPod, _ address: String, port: Int = 7000, connections: Int, bytes: Range<Int> = 0..<1 << 20,
        parallel: Int = 8, ending: String? = nil, seed: Int = .random(in: 0..<1_000_000)
    ) throws -> Mix {
        let command =
            Project.script("transfer") + [
                "mix", address, "\(port)", "--connections", "\(connections)", "--least", "\(bytes.lowerBound)",
                "--bytes",
                "\(bytes.upperBound)", "--parallel", "\(parallel)", "--seed", "\(seed)",
            ] + (ending.map { ["--ending", $0] } ?? [])
        return try run(in: pod, command, timeoutSeconds: 150).json()
    }

    struct Crowd: Decodable {
        /// How many were open at the same time.
        let connections: Int
        let wrong: [String]
    }

    /// So many connections that are open at the same time, each of which gets what is its own.
    func crowd(from pod: MeshPod, _ address: String, connections: Int) throws -> Crowd {
        let command =
            Project.script("transfer") + [
                "crowd", address, "7000", "--connections", "\(connections)", "--parallel", "64",
            ]
        return try run(in: pod, command, timeoutSeconds: 120).json()
    }

    /// A program of `transfer.py` that goes on for some seconds while something else happens.
    final class Occupation<Summary: Decodable> {
        private let program: Program
        private let output: String

        init(program: Program, output: String) {
            self.program = program
            self.output = output
        }

        /// Asks it to end now.
        func stop() { program.signal(SIGTERM) }

        /// Waits for its end.
        func summary(withinSeconds seconds: Double = 60) throws -> Summary {
            guard program.wait(seconds: seconds) != nil else {
                throw Command.Failure(description: "does not end, and has said: \(lines)")
            }
            return try JSONDecoder().decode(Summary.self, from: Data((lines.last ?? "").utf8))
        }

        /// What it has said so far.
        var lines: [String] {
            let text = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
            return text.split(separator: "\n").map(String.init)
        }
    }

    func occupy<Summary: Decodable>(
        _ pod: MeshPod, _ work: String, _ address: String, port: Int = 7000, seconds: Double, _ options: [String] = []
    ) throws -> Occupation<Summary> {
        let label = "\(work)-\(UUID().uuidString)"
        let command = Project.script("transfer") + [work, address, "\(port)", "--seconds", "\(seconds)"]
        let program = try start(in: pod, label, command + options)
        return Occupation(
            program: program, output: directory.appending(path: "\(pod.name)-\(label).log").path)
    }

    struct Steady: Decodable {
        let blocks: Int
        let wrong: String?
    }

    /// A connection that is busy with an echo. Returns once it stands.
    func startSteadyTransfer(
        from pod: MeshPod, _ address: String, seconds: Double, port: Int = 7000
    ) throws -> Occupation<Steady> {
        let transfer: Occupation<Steady> = try occupy(pod, "steady", address, port: port, seconds: seconds)
        try eventually("the steady transfer from \(pod.name) has started") { transfer.lines.contains("started") }
        return transfer
    }

    struct Talk: Decodable {
        /// How many lines each server has answered, by its name.
        let answered: [String: Int]
        let wrong: [String]
    }

    /// Conversations with whoever is at an address, until they are stopped.
    func startTalk(from pod: MeshPod, _ address: String) throws -> Occupation<Talk> {
        try occupy(pod, "talk", address, seconds: 60, ["--parallel", "12"])
    }

    struct Calling: Decodable {
        /// Over a connection each, and over connections that were kept.
        let calls: Int
        let kept: Int
        let wrong: [String]
    }

    /// Calls that never pause, over new connections and over kept ones, until they are stopped. Returns once they have begun.
    func startCalls(from pod: MeshPod, _ address: String, parallel: Int = 3) throws -> Occupation<Calling> {
        let calls: Occupation<Calling> = try occupy(
            pod, "call", address, seconds: 120, ["--parallel", "\(parallel)", "--pause", "0.002"])
        try eventually("the calls from \(pod.name) have started") { calls.lines.contains("started") }
        return calls
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
