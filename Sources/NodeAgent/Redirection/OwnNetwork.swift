import Glibc
import Mesh
import Netlink
import Reactor

/// The network namespace that the calling process is in, for a workload that serves itself: the same rules as in a pod, written
/// once and left alone. Thread-confined.
package struct OwnNetwork {
    private let network: PodNetwork

    package init() throws(AgentStartError) {
        guard geteuid() == 0 else {
            throw AgentStartError(description: "must run as root: it changes nftables and routes")
        }
        network = try Self.failing("open this network namespace") { () throws(Errno) in
            PodNetwork(
                namespace: try NetworkNamespace(path: "/proc/thread-self/ns/net"), visitor: try NamespaceVisitor())
        }
    }

    /// Leads this namespace's new TCP connections to its proxy, but for those that come to `passedPorts`. Can be repeated.
    package func capture(inbound capturesInbound: Bool, passing passedPorts: [UInt16]) throws(AgentStartError) {
        if let port = passedPorts.first(where: { $0 == 0 || MeshPort.isCapture($0) }) {
            throw AgentStartError(description: "port \(port) cannot be passed: it is the proxy's own, or none")
        }
        let redirection = Redirection(capturesInbound: capturesInbound, passedPorts: Set(passedPorts))
        let finding = try Self.failing("load the rules") { () throws(NetlinkError) in
            try network.capture(redirection)
            return try network.inspect(redirection)
        }
        guard finding == .inOrder else {
            throw AgentStartError(description: "the rules are not what was loaded: \(finding)")
        }
    }

    /// Captures nothing new, lets what was captured end, for so long at most, and removes what `capture` made.
    /// - Returns: how many captured connections had not ended, and were cut.
    package func release(deadlineMilliseconds: UInt64) throws(AgentStartError) -> Int {
        try Self.failing("remove the rules") { () throws(NetlinkError) in
            guard try network.inspect(Redirection()) != .untouched else { return 0 }
            try network.drain()
            let deadline = LinuxKernel.monotonicNanoseconds() + deadlineMilliseconds * 1_000_000
            var connections = try network.capturedConnections()
            while connections > 0, LinuxKernel.monotonicNanoseconds() < deadline {
                usleep(UInt32(PodEnrolment.countIntervalMilliseconds) * 1000)
                connections = try network.capturedConnections()
            }
            try network.release()
            return connections
        }
    }

    private static func failing<Result, Failure: Error & CustomStringConvertible>(
        _ what: String, _ body: () throws(Failure) -> Result
    ) throws(AgentStartError) -> Result {
        do throws(Failure) {
            return try body()
        } catch {
            throw AgentStartError(description: "cannot \(what): \(error)")
        }
    }
}
