import Foundation
import Glibc

/// What a node's ztunnel uses, and what it tells of itself.
extension MeshNode {
    /// How many descriptors ztunnel has open.
    func ztunnelDescriptors() throws -> Int {
        guard let ztunnel else { return 0 }
        return try FileManager.default.contentsOfDirectory(atPath: "/proc/\(ztunnel.pid)/fd").count
    }

    /// How many sockets ztunnel has open. Other descriptors are spare pipes, which it keeps up to a number for plaintext.
    func ztunnelSockets() throws -> Int {
        guard let ztunnel else { return 0 }
        let folder = "/proc/\(ztunnel.pid)/fd"
        return try FileManager.default.contentsOfDirectory(atPath: folder).count { descriptor in
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(descriptor)")
            return target?.hasPrefix("socket:") == true
        }
    }

    /// How many threads ztunnel has.
    func ztunnelThreads() throws -> Int {
        guard let ztunnel else { return 0 }
        return try FileManager.default.contentsOfDirectory(atPath: "/proc/\(ztunnel.pid)/task").count
    }

    /// Resident memory of ztunnel, in KiB.
    func ztunnelMemory() throws -> Int {
        guard let ztunnel else { return 0 }
        let status = try String(contentsOfFile: "/proc/\(ztunnel.pid)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
    }

    /// Processor time that ztunnel has taken, in seconds.
    func ztunnelProcessorTime() throws -> Double {
        guard let ztunnel else { return 0 }
        // Fields 14 and 15 of proc(5), counted behind the name, which may hold spaces.
        let line = try String(contentsOfFile: "/proc/\(ztunnel.pid)/stat", encoding: .utf8)
        let fields = line[(line.lastIndex(of: ")") ?? line.startIndex)...].split(separator: " ")
        return fields[12...13].compactMap { Double($0) }.reduce(0, +) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// What ztunnel has logged as an error, but for what its access log tells of connections.
    func complaints() throws -> [String] {
        try String(contentsOfFile: log("ztunnel"), encoding: .utf8).split(separator: "\n").map(String.init)
            .filter { $0.contains(#""level":"error""#) && !$0.contains(#""scope":"access""#) }
    }

    /// What ztunnel has logged in a scope.
    func lines(scope: String) throws -> [String] {
        try String(contentsOfFile: log("ztunnel"), encoding: .utf8).split(separator: "\n").map(String.init)
            .filter { $0.contains("\"scope\":\"\(scope)\"") }
    }

    /// A page that ztunnel serves in its node, as whoever is on the node sees it.
    func page(_ path: String, port: Int = 15000) throws -> String {
        try Command.succeed([
            "ip", "netns", "exec", namespaceName, "curl", "--silent", "--fail", "--max-time", "5",
            "http://127.0.0.1:\(port)\(path)",
        ])
    }

    /// The sum of a metric over all series that have these labels.
    func metric(_ name: String, _ labels: [String: String] = [:]) throws -> Double {
        try page("/metrics", port: 15020).split(separator: "\n").filter { line in
            (line.hasPrefix(name + "{") || line.hasPrefix(name + " "))
                && labels.allSatisfy { line.contains("\($0.key)=\"\($0.value)\"") }
        }
        .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
    }

    /// Serial numbers of the certificates that ztunnel holds, by identity.
    func certificates() throws -> [String: [String]] {
        struct Dump: Decodable {
            struct Entry: Decodable {
                struct Certificate: Decodable { let serialNumber: String }
                let identity: String
                let certChain: [Certificate]
            }
            let certificates: [Entry]
        }
        let dump = try JSONDecoder().decode(Dump.self, from: Data(page("/config_dump").utf8))
        return Dictionary(dump.certificates.map { ($0.identity, $0.certChain.map(\.serialNumber)) }) { $1 }
    }
}
