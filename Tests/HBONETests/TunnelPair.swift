import CLinux
import Glibc
import HBONE
import Mesh
import Reactor

/// Two tunnels' ends on one reactor, over real TLS and real sockets on loopback, with an application at each end.
final class TunnelPair: TunnelObserver {
    static let client = SPIFFEIdentity(trustDomain: "cluster.local", namespace: "shop", serviceAccount: "frontend")
    static let server = SPIFFEIdentity(trustDomain: "cluster.local", namespace: "shop", serviceAccount: "cart")

    let reactor: Reactor
    private let scratch = TunnelScratch()
    private var listener: Listener?
    let address: SocketAddress
    /// Of the server's side.
    let storage: StorageBudget
    private(set) var serverTunnel: Tunnel?
    private(set) var clientTunnel: Tunnel?
    private(set) var closed: [TLSContext.Role: TunnelFailure?] = [:]
    private(set) var established: Set<TLSContext.Role> = []
    var onRequest: (ConnectRequest, TunnelStream) -> Void = { _, stream in stream.refuse(status: 503) }

    /// - Parameters:
    ///   - clientCredential, serverCredential: what each side presents.
    ///   - expected: whom the client wants to meet.
    ///   - reactor: of another pair, whose streams are to be joined to this one's.
    init(
        client clientCredential: Credential, server serverCredential: Credential,
        expected: [SPIFFEIdentity] = [server], trustDomain: String = "cluster.local",
        settings: HTTP2Settings = HTTP2Settings(), storage: StorageBudget = StorageBudget(limit: 64 << 20),
        reactor: Reactor? = nil
    ) throws {
        self.reactor = try reactor ?? Reactor(kernel: LinuxKernel())
        let serverContext = try TLSContext(.server, serverCredential)
        let clientContext = try TLSContext(.client, clientCredential)
        let socket = try Socket.listen(on: SocketAddress(.loopback(.v4), 0), backlog: 8)
        address = Socket.local(of: socket.raw)!
        self.storage = storage
        listener = try Listener(socket, on: self.reactor, exhausted: { _ in }) { [unowned self] connection in
            self.serverTunnel = try? Tunnel(
                serverContext, connection, on: self.reactor, expecting: .trustDomain(trustDomain), settings: settings,
                self.scratch, storage, observer: self)
        }
        clientTunnel = try Tunnel(
            clientContext, try Socket.connect(to: address, options: Socket.Options()), on: self.reactor,
            expecting: .identities(expected), settings: settings, scratch, StorageBudget(limit: 64 << 20),
            observer: self)
    }

    func tunnelEstablished(_ tunnel: Tunnel) { established.insert(tunnel.role) }
    func tunnel(_ tunnel: Tunnel, received request: ConnectRequest, on stream: TunnelStream) {
        onRequest(request, stream)
    }
    func tunnelLimitChanged(_ tunnel: Tunnel) {}
    func tunnelStreamClosed(_ tunnel: Tunnel) {}
    func tunnelDraining(_ tunnel: Tunnel) {}
    func tunnelClosed(_ tunnel: Tunnel, _ failure: TunnelFailure?) { closed[tunnel.role] = failure }

    /// Runs the reactor until `isDone`, or until half a minute has passed.
    func run(until isDone: () -> Bool) throws -> Bool {
        let deadline = LinuxKernel.monotonicNanoseconds() + 30_000_000_000
        while LinuxKernel.monotonicNanoseconds() < deadline {
            if isDone() { return true }
            // Keeps a quiet reactor turning.
            _ = reactor.after(milliseconds: 5) {}
            try reactor.runOnce()
        }
        return false
    }

    /// Connects a stream through the pair; each end is a non-blocking socket that plays an application.
    func connectApplications() throws -> (near: Application, far: Application, stream: TunnelStream) {
        let (near, nearInner) = try Application.pair()
        let (far, farInner) = try Application.pair()
        var farSocket: CInt? = farInner
        onRequest = { [unowned self] _, stream in
            let raw = farSocket.take()!
            stream.join(Descriptor(owning: raw), try! self.reactor.watch(raw, for: stream), [])
            stream.accept(baggage: nil)
        }
        let isReady = try run { established.count == 2 }
        precondition(isReady, "no tunnel: \(closed)")
        let observer = near
        let stream = clientTunnel!.connect(ConnectRequest(authority: "10.0.0.1:80"), observer: observer)!
        stream.join(Descriptor(owning: nearInner), try reactor.watch(nearInner, for: stream), [])
        let isAccepted = try run { near.isEstablished }
        precondition(isAccepted, "not accepted: \(String(describing: near.ending))")
        return (near, far, stream)
    }
}

/// The outer end of an application's connection.
final class Application: TunnelStreamObserver {
    private var socket: CInt
    private(set) var ending: TunnelStream.Ending?
    private(set) var isEstablished = false

    init(_ socket: CInt) { self.socket = socket }
    deinit { close() }

    /// A connected TCP pair, so that resets exist.
    static func pair() throws -> (Application, CInt) {
        let listener = try Socket.listen(on: SocketAddress(.loopback(.v4), 0), backlog: 1)
        let outer = try Socket.connect(to: Socket.local(of: listener.raw)!, options: Socket.Options())
        var inner: CInt = -1
        while inner < 0 { inner = CLinux_accept4(listener.raw, nil, nil, CInt(SOCK_NONBLOCK.rawValue)) }
        return (Application(outer.release()), inner)
    }

    func streamEstablished(_ response: ConnectResponse) { isEstablished = true }
    func streamEnded(_ ending: TunnelStream.Ending) { self.ending = ending }

    /// Writes what fits now.
    func write(_ bytes: ArraySlice<UInt8>) -> Int {
        let count = unsafe bytes.withUnsafeBytes { unsafe send(socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
        return max(0, count)
    }

    enum Reading: Equatable { case bytes([UInt8]), nothing, end, reset }

    func read() -> Reading {
        var room = [UInt8](repeating: 0, count: 65536)
        let count = unsafe recv(socket, &room, room.count, 0)
        if count > 0 { return .bytes(Array(room[..<count])) }
        if count == 0 { return .end }
        return Errno.last == .wouldBlock ? .nothing : .reset
    }

    func finish() { Socket.shutdownWrite(socket) }

    func reset() {
        Socket.resetOnClose(socket)
        close()
    }

    func close() {
        if socket >= 0 { _ = Glibc.close(socket) }
        socket = -1
    }
}
