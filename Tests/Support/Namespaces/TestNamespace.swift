import Glibc
package import Reactor

/// A network namespace for one test, with its loopback interface up; gone when the test lets go of it.
package final class TestNamespace {
    package let name: String

    /// `purpose` is a short word; the name is made unique.
    package init(_ purpose: String) throws {
        name = "nat-\(purpose)-\(getpid())-\(UInt16.random(in: 0...UInt16.max))"
        try Command.run("ip", "netns", "add", name)
        try Command.run("ip", "-n", name, "link", "set", "lo", "up")
    }

    deinit { _ = try? Command.run("ip", "netns", "del", name) }

    package var path: String { "/run/netns/\(name)" }

    package func open() throws -> NetworkNamespace { try NetworkNamespace(path: path) }

    /// Runs a program inside to its end; what it wrote.
    @discardableResult
    package func run(_ arguments: String...) throws -> String { try run(arguments) }

    @discardableResult
    package func run(_ arguments: [String]) throws -> String {
        try Command.run(["ip", "netns", "exec", name] + arguments)
    }

    /// Joins two namespaces by a cable, each end with an IPv4 and an IPv6 address.
    package static func connect(
        _ left: TestNamespace, _ leftAddresses: [String], _ right: TestNamespace, _ rightAddresses: [String]
    ) throws {
        try Command.run(
            "ip", "-n", left.name, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", right.name)
        for (namespace, addresses) in [(left, leftAddresses), (right, rightAddresses)] {
            for address in addresses {
                // Without duplicate address detection an IPv6 address can be used at once.
                let flags = address.contains(":") ? ["nodad"] : []
                try Command.run(["ip", "-n", namespace.name, "addr", "add", address, "dev", "eth0"] + flags)
            }
            try Command.run("ip", "-n", namespace.name, "link", "set", "eth0", "up")
        }
    }
}
