import Foundation
import Glibc

/// The wires: namespaces, links, addresses and routes, by the ip command.
extension NamespaceMesh {
    func buildNodes() throws {
        for node in nodes {
            try ip("netns", "add", node.namespaceName)
            try ip(in: node, "link", "set", "lo", "up")
            // Fixed: a bridge left to itself takes another address as ports come, and neighbours go on sending to the old.
            try ip(in: node, "link", "add", "pods", "address", "02:00:00:00:00:01", "type", "bridge")
            try ip(in: node, "address", "add", "\(node.gateway)/24", "dev", "pods")
            try ip(in: node, "link", "set", "dev", "pods", "up")
            // Pods of one node reach each other through it, and are not to be told of a shorter way: they have none.
            let settings = ["ip_forward=1", "conf.all.send_redirects=0", "conf.pods.send_redirects=0"]
            try Command.succeed(
                ["ip", "netns", "exec", node.namespaceName, "sysctl", "-q", "-w"] + settings.map { "net.ipv4.\($0)" })
        }
        try linkNodes()
    }

    private func linkNodes() throws {
        try ip(
            "link", "add", "name", "link", "netns", nodes[0].namespaceName, "type", "veth", "peer", "name", "link",
            "netns", nodes[1].namespaceName)
        for (node, other) in [(nodes[0], nodes[1]), (nodes[1], nodes[0])] {
            try ip(in: node, "address", "add", "\(node.linkAddress)/24", "dev", "link")
            try ip(in: node, "link", "set", "dev", "link", "up")
            try ip(in: node, "route", "add", "10.246.\(other.number).0/24", "via", other.linkAddress)
        }
    }

    /// A pod has one address and everything else behind its node, so that any node can have any address.
    func buildPod(_ pod: MeshPod) throws {
        let node = node(of: pod)
        let port = "pod\(pod.number)"
        try ip("netns", "add", pod.namespaceName)
        try ip(
            "link", "add", "name", "eth0", "netns", pod.namespaceName, "type", "veth", "peer", "name", port, "netns",
            node.namespaceName)
        try ip(in: node, "link", "set", "dev", port, "master", "pods", "up")
        try ip("-netns", pod.namespaceName, "link", "set", "lo", "up")
        try ip("-netns", pod.namespaceName, "address", "add", "\(pod.address)/32", "dev", "eth0")
        try ip("-netns", pod.namespaceName, "link", "set", "dev", "eth0", "up")
        try ip("-netns", pod.namespaceName, "route", "add", "\(node.gateway)/32", "dev", "eth0")
        try ip("-netns", pod.namespaceName, "route", "add", "default", "via", node.gateway)
        for node in nodes { try ip(in: node, ["route", "replace", "\(pod.address)/32"] + hop(from: node, to: pod)) }
    }

    private func hop(from node: MeshNode, to pod: MeshPod) -> [String] {
        pod.node == node.number ? ["dev", "pods"] : ["via", self.node(of: pod).linkAddress]
    }

    func unlinkPod(_ pod: MeshPod) throws {
        try ip(in: node(of: pod), "link", "delete", "pod\(pod.number)")
        for node in nodes { try ip(in: node, "route", "delete", "\(pod.address)/32") }
        // Who takes the address over has another hardware address, and says so, as container runtimes have pods do.
        try ip(in: node(of: pod), "neighbour", "flush", "to", pod.address)
    }

    /// Removes the namespaces of a scenario, and first whatever runs in them.
    static func removeLeftovers() {
        let names = (try? Command.run(["ip", "netns", "list"]).output.split(separator: "\n")) ?? []
        for name in names.compactMap({ $0.split(separator: " ").first }) where isLeftover(name) {
            let pids = (try? Command.run(["ip", "netns", "pids", String(name)]).output) ?? ""
            for pid in pids.split(separator: "\n").compactMap({ pid_t($0) }) { _ = kill(pid, SIGKILL) }
            _ = try? Command.run(["ip", "netns", "delete", String(name)])
        }
    }

    private func ip(_ arguments: String...) throws {
        try Command.succeed(["ip"] + arguments)
    }

    private func ip(in node: MeshNode, _ arguments: String...) throws { try ip(in: node, arguments) }

    private func ip(in node: MeshNode, _ arguments: [String]) throws {
        try Command.succeed(["ip", "-netns", node.namespaceName] + arguments)
    }
}
