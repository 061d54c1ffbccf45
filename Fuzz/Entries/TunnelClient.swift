import HBONE
import Mesh
import Reactor

extension FuzzEntry {
    /// What a server may answer to a proxy's pool, which asks it for three connections. The first byte sets the scene: how the
    /// applications behave (2 bits), whether SETTINGS are sent first, whether the frames come in two parts.
    static let tunnelClient = FuzzEntry("tunnel-client", inputLimitBytes: 8192) { bytes throws(FuzzFault) in
        try TunnelLab.use { lab throws(FuzzFault) in
            let first = bytes.first ?? 0
            let run = ClientRun(lab, LabApplication.Manner(rawValue: first & 3) ?? .echoes)
            try run.run(bytes.dropFirst(), hasSettings: first & 4 == 0, isSplit: first & 8 != 0)
        }
    }
}

private final class ClientRun {
    private static let connectionCount = 3

    private let lab: TunnelLab
    private let manner: LabApplication.Manner
    private var peers: [RawPeer] = []
    private var applications: [LabApplication] = []
    private var failures = 0
    private var fault: FuzzFault?

    init(_ lab: TunnelLab, _ manner: LabApplication.Manner) {
        self.lab = lab
        self.manner = manner
    }

    func run(_ frames: ArraySlice<UInt8>, hasSettings: Bool, isSplit: Bool) throws(FuzzFault) {
        let pool = TunnelPool(
            on: lab.reactor, lab.scratch, settings: HTTP2Settings(), limits: TunnelPool.Limits(),
            TunnelLab.budget()
        ) { [unowned self] _ throws(Errno) in try self.dial() }
        for _ in 0..<Self.connectionCount { request(from: pool) }
        _ = try lab.run({ self.step() }, until: { self.applications.count + self.failures == Self.connectionCount })
        if hasSettings { peers.first?.send(TunnelLab.settings[...]) }
        let middle = isSplit ? frames.startIndex + frames.count / 2 : frames.endIndex
        for part in [frames[..<middle], frames[middle...]] where !part.isEmpty {
            peers.first?.send(part)
            _ = try lab.run(turns: 8, { self.step() }, until: { self.isOver })
        }
        for peer in peers { peer.close() }
        _ = try lab.run({ self.step() }, until: { self.isOver })
        pool.closeAll()
        if let fault { throw fault }
        guard applications.count + failures == Self.connectionCount else {
            throw FuzzFault("\(applications.count) connections and \(failures) failures")
        }
        guard applications.allSatisfy({ $0.endings == 1 }), pool.tunnelCount == 0 else {
            throw FuzzFault("streams ended \(applications.map(\.endings)) times, \(pool.tunnelCount) tunnels are left")
        }
    }

    private var isOver: Bool { applications.allSatisfy(\.hasEnded) }

    private func dial() throws(Errno) -> Descriptor {
        do {
            let (near, far) = try TunnelLab.pair()
            peers.append(
                try RawPeer(
                    lab.serverContext, Descriptor(owning: far), expecting: .trustDomain("cluster.local"), in: lab))
            return Descriptor(owning: near)
        } catch {
            fault = FuzzFault("\(error)")
            throw .refused
        }
    }

    private func request(from pool: TunnelPool) {
        let key = TunnelKey(
            source: TunnelLab.client, destination: SocketAddress(.loopback(.v4), 15008), expected: [TunnelLab.server])
        _ = pool.tunnel(key, as: lab.clientContext) { [unowned self] result in
            switch result {
            case .success(let tunnel): self.open(on: tunnel, of: pool)
            case .failure: self.failures += 1
            }
        }
    }

    private func open(on tunnel: Tunnel, of pool: TunnelPool) {
        do {
            let stream = Box<TunnelStream>()
            let application = try LabApplication(manner) { [unowned self] application in
                self.join(application, stream.value)
            }
            stream.value = tunnel.connect(ConnectRequest(authority: "10.0.0.1:80"), observer: application)
            if stream.value == nil {
                failures += 1
                pool.unused(tunnel)
            } else {
                applications.append(application)
            }
        } catch {
            fault = error
        }
    }

    private func join(_ application: LabApplication, _ stream: TunnelStream?) {
        guard let stream, let inner = application.takeInner() else { return }
        do throws(Errno) {
            let token = try lab.reactor.watch(inner.raw, for: stream)
            stream.join(inner, token, [])
        } catch {
            fault = FuzzFault("\(error)")
        }
    }

    private func step() {
        for peer in peers { peer.step() }
        for application in applications { application.step() }
    }
}

/// A place for what is known only after the closure that needs it was made.
private final class Box<Value> {
    var value: Value?
}
