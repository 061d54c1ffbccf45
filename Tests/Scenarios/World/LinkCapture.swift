import Foundation
import Glibc

/// tcpdump on the link between the nodes.
final class LinkCapture {
    private let file: String
    private let program: Program

    init(of mesh: NamespaceMesh) throws {
        file = mesh.directory.appending(path: "link.pcap").path
        let messages = mesh.directory.appending(path: "tcpdump.log").path
        let command = [
            "ip", "netns", "exec", mesh.nodes[1].namespaceName, "tcpdump", "--immediate-mode", "-U", "-Z", "root",
            "-s", "0", "-i", "link", "-w", file,
        ]
        program = try Program(command, output: messages, errors: messages)
        try eventually("tcpdump listens") {
            try String(contentsOfFile: messages, encoding: .utf8).contains("listening on")
        }
    }

    /// Everything that went over the link since.
    func end() throws -> Data {
        usleep(200_000)
        program.signal(SIGTERM)
        _ = program.wait(seconds: 5)
        return try Data(contentsOf: URL(filePath: file))
    }
}
