import CMnl
import CNftnl
import Glibc
package import Reactor

/// Sole owner of a netlink socket. It belongs to the network namespace it was opened in, whichever thread uses it
/// later.
///
/// The kernel answers while it is being asked, so that calls do not wait for anybody; a time limit guards against
/// surprise.
@safe package struct NetlinkSocket: ~Copyable {
    package enum Bus: Sendable {
        /// Addresses, routes and rules: rtnetlink(7).
        case route
        /// nftables and connection tracking.
        case netfilter
        /// The sockets that there are: sock_diag(7).
        case sockets

        var number: CInt {
            switch self {
            case .route: CInt(NETLINK_ROUTE)
            case .netfilter: CInt(NETLINK_NETFILTER)
            case .sockets: CInt(NETLINK_SOCK_DIAG)
            }
        }
    }

    /// The kernel fills no more than this in one dump datagram (netlink_dump, af_netlink.c).
    private static let datagramLimitBytes = 32 * 1024
    /// A pod that may administer its own namespace could otherwise keep the agent reading.
    private static let messageLimit = 1 << 20
    private static let answerTimeout = timeval(tv_sec: 5, tv_usec: 0)

    private let socket: OpaquePointer

    private init(owning socket: OpaquePointer) { unsafe self.socket = socket }

    deinit { _ = unsafe mnl_socket_close(socket) }

    /// Opens a socket in the calling thread's present network namespace.
    package static func open(_ bus: Bus) throws(NetlinkError) -> NetlinkSocket {
        guard let opened = unsafe mnl_socket_open2(bus.number, CInt(SOCK_CLOEXEC.rawValue)) else {
            throw .failed(call: "socket", .last)
        }
        let socket = unsafe NetlinkSocket(owning: opened)
        guard unsafe mnl_socket_bind(socket.socket, 0, pid_t(MNL_SOCKET_AUTOPID)) == 0 else {
            throw .failed(call: "bind", .last)
        }
        try socket.set(SOL_NETLINK, NETLINK_CAP_ACK, CInt(1))
        try socket.set(SOL_NETLINK, NETLINK_EXT_ACK, CInt(1))
        try socket.set(SOL_SOCKET, SO_RCVTIMEO, answerTimeout)
        return socket
    }

    /// Opens a socket in another network namespace.
    package static func open(
        _ bus: Bus, in namespace: NetworkNamespace, by visitor: NamespaceVisitor
    ) throws(NetlinkError) -> NetlinkSocket {
        try move(visitor, to: namespace)
        let opened = Result { () throws(NetlinkError) in try open(bus) }
        try move(visitor, to: nil)
        return try opened.get()
    }

    /// A visitor stays where it went last; nil is home.
    private static func move(_ visitor: NamespaceVisitor, to namespace: NetworkNamespace?) throws(NetlinkError) {
        do throws(Errno) {
            try visitor.visit(namespace) {}
        } catch {
            throw .failed(call: "setns", error)
        }
    }

    private borrowing func set<Value: BitwiseCopyable>(
        _ level: CInt, _ option: CInt, _ value: Value
    ) throws(NetlinkError) {
        var value = value
        let descriptor = unsafe mnl_socket_get_fd(socket)
        guard unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Value>.size)) == 0 else {
            throw .failed(call: "setsockopt", .last)
        }
    }

    // MARK: Asking

    /// Sends a batch and waits for the answers it asks for. Throws the first refusal; in a transaction the others then
    /// had no effect either.
    borrowing func perform(_ batch: borrowing NetlinkBatch) throws(NetlinkError) {
        try send(batch)
        var awaited = batch.awaited
        var refusal: NetlinkError?
        while !awaited.isEmpty {
            for message in try receive() {
                guard let answer = try message.acknowledgement() else { continue }
                guard let request = batch.request(message.sequence) else { continue }
                if answer.code != 0 {
                    let code = Errno(code: answer.code)
                    let error = NetlinkError.refused(request: request, code, explanation: answer.explanation)
                    // An error that belongs to no single message is told of the first, and is the only answer then.
                    guard batch.awaited.contains(message.sequence) else { throw error }
                    refusal = refusal ?? error
                }
                awaited.remove(message.sequence)
            }
        }
        if let refusal { throw refusal }
    }

    /// Asks for a list and gives each message of it to `visit`. Starts over when the list changed while it was read;
    /// `visit` is then told by `restart`.
    borrowing func dump(
        _ request: NetlinkRequest,
        write: (UnsafeMutablePointer<nlmsghdr>) -> Void,
        restart: () -> Void,
        visit: (NetlinkMessage) throws(NetlinkError) -> Void
    ) throws(NetlinkError) {
        for _ in 0..<16 {
            restart()
            var batch = NetlinkBatch()
            unsafe try batch.append(request, write)
            try send(batch)
            if try readDump(request.sentence, visit) { return }
        }
        throw .keepsChanging(request: request.sentence)
    }

    /// False when what was read is no snapshot.
    private borrowing func readDump(
        _ request: String, _ visit: (NetlinkMessage) throws(NetlinkError) -> Void
    ) throws(NetlinkError) -> Bool {
        var isConsistent = true
        var count = 0
        while true {
            for message in try receive() where message.sequence == 1 {
                isConsistent = isConsistent && !message.wasInterrupted
                if message.isDone { return isConsistent }
                if let answer = try message.acknowledgement() {
                    if answer.code == EINTR { return false }
                    let code = Errno(code: answer.code)
                    throw .refused(request: request, code, explanation: answer.explanation)
                }
                count += 1
                guard count <= Self.messageLimit else { throw .tooMuch("\(Self.messageLimit) messages") }
                try visit(message)
            }
        }
    }

    // MARK: Datagrams

    private borrowing func send(_ batch: borrowing NetlinkBatch) throws(NetlinkError) {
        let sent = unsafe batch.withBytes { bytes in
            unsafe mnl_socket_sendto(socket, bytes.baseAddress, bytes.count)
        }
        guard sent >= 0 else { throw .failed(call: "send", .last) }
    }

    /// The messages of the next datagram from the kernel. What another process sends to this socket is dropped.
    private borrowing func receive() throws(NetlinkError) -> [NetlinkMessage] {
        while true {
            var sender = sockaddr_nl()
            let datagram = try receive(from: &sender)
            if sender.nl_pid == 0 { return try NetlinkMessage.split(datagram) }
        }
    }

    private borrowing func receive(from sender: inout sockaddr_nl) throws(NetlinkError) -> [UInt8] {
        var length = 0
        var failure: Errno?
        let descriptor = unsafe mnl_socket_get_fd(socket)
        let datagram = unsafe [UInt8](unsafeUninitializedCapacity: Self.datagramLimitBytes) { buffer, count in
            unsafe withUnsafeMutablePointer(to: &sender) { sender in
                unsafe sender.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                    var size = socklen_t(MemoryLayout<sockaddr_nl>.size)
                    unsafe length = recvfrom(
                        descriptor, buffer.baseAddress, buffer.count, CInt(MSG_TRUNC), generic, &size)
                    if length < 0 { failure = .last }
                }
            }
            count = min(max(length, 0), buffer.count)
        }
        if let failure {
            if failure == .interrupted { return [] }
            throw .failed(call: "receive", failure == .wouldBlock ? .timedOut : failure)
        }
        guard length <= Self.datagramLimitBytes else {
            throw .tooMuch("\(Self.datagramLimitBytes) bytes in one answer")
        }
        return datagram
    }
}
