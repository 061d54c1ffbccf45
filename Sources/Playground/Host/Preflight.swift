import Foundation

/// Whether a world can be made here. Each check that fails says what to do about it.
enum Preflight {
    struct Failure: Hashable, CustomStringConvertible {
        var problem: String
        var remedy: String

        var description: String { "\(problem)\n    → \(remedy)" }
    }

    /// Tools, and the Debian packages that hold them.
    static let tools = [
        ("ip", "iproute2"), ("nft", "nftables"), ("sysctl", "procps"), ("python3", "python3"),
        ("tcpdump", "tcpdump"), ("curl", "curl"), ("bash", "bash"), ("unshare", "util-linux"), ("hostname", "hostname"),
    ]

    /// The trial's namespace; its name is one that `down` would find.
    static func failures(layout: Layout, programs folder: String) -> [Failure] {
        let missing = missingTools + missingPrograms(folder)
        guard missing.isEmpty else { return missing }
        return trial(layout)
    }

    private static var missingTools: [Failure] {
        let missing = tools.filter { Command.find($0.0) == nil }
        guard !missing.isEmpty else { return [] }
        return [
            Failure(
                problem: "not installed: \(missing.map(\.0).joined(separator: ", "))",
                remedy: "run: apt-get install \(missing.map(\.1).joined(separator: " "))")
        ]
    }

    private static func missingPrograms(_ folder: String) -> [Failure] {
        let missing = ["controller", "ztunnel", "node-agent", "waypoint"].filter {
            !FileManager.default.isExecutableFile(atPath: "\(folder)/\($0)")
        }
        guard !missing.isEmpty else { return [] }
        return [
            Failure(
                problem: "not in \(folder): \(missing.joined(separator: ", "))", remedy: "build them with: make build")
        ]
    }

    /// Makes a namespace with a link and a rule in it, and takes it away again.
    private static func trial(_ layout: Layout) -> [Failure] {
        let name = layout.linkNamespace
        defer { _ = try? Command.run("ip", ["netns", "delete", name]) }
        do throws(Command.Failure) {
            try Command.run("ip", ["netns", "add", name])
            try Command.run("ip", ["-n", name, "link", "add", "trial", "type", "veth", "peer", "name", "trial-peer"])
            try Command.run("ip", ["-n", name, "link", "add", "trial-pods", "type", "bridge"])
        } catch {
            return [
                Failure(
                    problem: "network namespaces do not work here: \(error)",
                    remedy: "the kernel needs CONFIG_NET_NS, veth and bridge; a container needs --privileged")
            ]
        }
        do throws(Command.Failure) {
            let chain = "{ type nat hook output priority -100 ; }"
            try Command.run("ip", ["netns", "exec", name, "nft", "add table ip trial"])
            try Command.run("ip", ["netns", "exec", name, "nft", "add chain ip trial output \(chain)"])
            try Command.run(
                "ip", ["netns", "exec", name, "nft", "add rule ip trial output tcp dport 1 redirect to :2"])
        } catch {
            return [
                Failure(
                    problem: "nftables does not work here: \(error)",
                    remedy:
                        "the kernel needs nf_tables with NAT and redirect; try: modprobe nf_tables nft_chain_nat nft_redir"
                )
            ]
        }
        return []
    }
}
