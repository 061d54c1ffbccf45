import Glibc
import Mesh
import Netlink
import Reactor

/// The network namespace of one pod, as the agent reads and changes it. Each call opens a socket in the namespace and
/// closes it; the calling thread is back home afterwards. Thread-confined, by its visitor.
struct PodNetwork {
    let namespace: NetworkNamespace
    let visitor: NamespaceVisitor

    /// What is found of the mesh in a pod's namespace.
    enum Finding: Equatable {
        /// Nothing of ours.
        case untouched
        /// Exactly what was asked about.
        case inOrder
        /// What `drain` leaves: captured connections may still be there.
        case draining
        /// Something of ours, but not what was asked about: what differs.
        case differs(String)
    }

    /// Leads the pod's new connections to the proxy. Does nothing that is done already, and repairs what is not.
    func capture(_ redirection: Redirection) throws(NetlinkError) {
        picksUp(inMidFlow: false)
        try addPolicyRoutes()
        let socket = try open(.netfilter)
        let redirection = redirection.continuing(try socket.read(table: Redirection.tableName))
        do throws(NetlinkError) {
            try socket.replace(redirection.capturing)
        } catch {
            guard Self.isUnknown(error), redirection.remembersHalfClosed else { throw error }
            try socket.replace(redirection.impatient.capturing)
        }
        // Under what conntrack knows of a connection that went past the proxy, the next one with its ports would be refused.
        // What the proxy opened in no zone of its own is known by its mark.
        try socket.forgetTrackedConnections {
            $0.callerZone == 0 && !$0.isTranslated && $0.mark & PacketMark.mask != PacketMark.spoofed.value
        }
    }

    /// Whether conntrack takes a connection up whose beginning it has not seen. Where it does not, those that are older than the
    /// rules leave nothing behind that a later one could meet. A kernel that cannot be told so does without.
    private func picksUp(inMidFlow isPickedUp: Bool) {
        try? visitor.visit(namespace) { () throws(Errno) in
            try KernelSetting.set("net/netfilter/nf_conntrack_tcp_loose", to: isPickedUp ? 1 : 0)
        }
        // Sockets of the agent's own are made at home.
        try? visitor.visit(nil) {}
    }

    /// How a kernel refuses an object of a kind that it was built without.
    private static func isUnknown(_ error: NetlinkError) -> Bool {
        error.refusal?.code == EOPNOTSUPP || error.refusal?.code == ENOENT
    }

    /// Captures no new connection from now on; those that were captured go on.
    func drain() throws(NetlinkError) {
        let socket = try open(.netfilter)
        try socket.replace(Redirection().continuing(try socket.read(table: Redirection.tableName)).draining)
    }

    /// Removes all that is ours.
    func release() throws(NetlinkError) {
        try open(.netfilter).delete(table: Redirection.tableName)
        picksUp(inMidFlow: true)
        let routes = try open(.route)
        for family in try Self.families(routes) { try routes.remove(Redirection.policyRoute, family) }
    }

    /// Compares what is there with what `capture` writes.
    func inspect(_ redirection: Redirection) throws(NetlinkError) -> Finding {
        let table = try open(.netfilter).read(table: Redirection.tableName)
        let redirection = redirection.continuing(table)
        let routes = try open(.route)
        var missing: [IPAddress.Family] = []
        let families = try Self.families(routes)
        for family in families where try !routes.has(Redirection.policyRoute, family) { missing.append(family) }
        guard let table else { return missing.count == families.count ? .untouched : .differs("no rules") }
        if table == redirection.draining { return .draining }
        if let difference = table.difference(from: redirection.capturing) {
            guard table == redirection.impatient.capturing else { return .differs(difference) }
        }
        if let family = missing.first { return .differs("no \(family) route for answers to the proxy") }
        return .inOrder
    }

    /// How many connections still need the rules: those that are translated, and those that the proxy opened under its client's
    /// address. Redirected ones are translated; so is one of the pod's own whose ports conntrack still knows from the proxy's.
    func capturedConnections() throws(NetlinkError) -> Int {
        try open(.netfilter).countTrackedConnections { connection in
            connection.isAlive
                && (connection.isTranslated
                    || connection.mark & PacketMark.mask == PacketMark.spoofed.value)
        }
    }

    /// Once the proxy is gone: lets conntrack forget what would make it translate another connection, and counts those that it
    /// translates already.
    func settle() throws(NetlinkError) -> Int {
        let socket = try open(.netfilter)
        try socket.forgetTrackedConnections { connection in
            connection.callerZone != 0 || connection.isTranslated && !connection.isAlive
        }
        return try socket.countTrackedConnections { $0.isTranslated && $0.isAlive }
    }

    /// How many connections the pod has with others that the proxy does not carry, because they are older than the rules.
    func olderConnections() throws(NetlinkError) -> Int {
        OlderConnections.count(in: try open(.sockets).tcpConnections())
    }

    /// Whether somebody but the proxy listens for connections, so that others may be calling.
    func hasListeners() throws(NetlinkError) -> Bool {
        try open(.sockets).tcpListeners().contains { $0.mark & PacketMark.mask != PacketMark.proxy.value }
    }

    private func addPolicyRoutes() throws(NetlinkError) {
        let routes = try open(.route)
        for family in try Self.families(routes) { try routes.add(Redirection.policyRoute, family) }
    }

    /// IPv6 may be off in a pod.
    private static func families(_ routes: borrowing NetlinkSocket) throws(NetlinkError) -> [IPAddress.Family] {
        try routes.hasAddress(of: .v6) ? [.v4, .v6] : [.v4]
    }

    private func open(_ bus: NetlinkSocket.Bus) throws(NetlinkError) -> NetlinkSocket {
        try NetlinkSocket.open(bus, in: namespace, by: visitor)
    }
}

extension Redirection {
    /// For a kernel that cannot be told how long to remember.
    fileprivate var impatient: Redirection {
        var redirection = self
        redirection.remembersHalfClosed = false
        return redirection
    }
}
