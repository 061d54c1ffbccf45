/// What is not meant to be answered, and what came of it.
extension NamespaceMesh {
    /// See `knock.py`.
    struct Knock: Decodable {
        let address: String
        let port: Int
        let said: String
        let outcome: String
        let received: String

        /// A port that speaks TLS waits for a handshake to begin or go on, and ends what is none.
        var outcomesOfTLS: [String] {
            ["refused", "reset"] + (said == "nothing" || said == "hello" ? ["open"] : ["eof"])
        }
    }

    func knock(from pod: MeshPod, at addresses: [String], ports: [Int]) throws -> [Knock] {
        let command = Project.script("knock") + ["--at"] + addresses + ["--ports"] + ports.map(String.init)
        return try run(in: pod, command).json()
    }

    /// The status of a page, as curl in a pod has it; 000 when there was no answer.
    func status(of url: String, in pod: MeshPod, _ options: String...) throws -> String {
        try run(
            in: pod,
            ["curl", "--silent", "--max-time", "5", "--output", "/dev/null", "--write-out", "%{http_code}", url]
                + options
        ).output
    }
}
