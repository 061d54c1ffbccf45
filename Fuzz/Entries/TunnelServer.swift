import HBONE
import Reactor

extension FuzzEntry {
    /// What a peer with a good certificate may send to 15008. The first byte sets the scene (see `Scene`); the rest is
    /// frames, after a preface and SETTINGS unless the scene leaves these out.
    static let tunnelServer = FuzzEntry("tunnel-server", inputLimitBytes: 8192) { bytes throws(FuzzFault) in
        try TunnelLab.use { lab throws(FuzzFault) in
            try ServerRun(lab, Scene(bytes.first ?? 0)).run(bytes.dropFirst())
        }
    }
}

/// What happens around the frames.
private struct Scene {
    let manner: LabApplication.Manner
    let refuses: Bool
    let hasPreface: Bool
    let drains: Bool
    /// The frames come in two parts, so that one is cut.
    let isSplit: Bool

    init(_ byte: UInt8) {
        manner = LabApplication.Manner(rawValue: byte & 3) ?? .echoes
        refuses = byte & 4 != 0
        hasPreface = byte & 8 == 0
        drains = byte & 16 != 0
        isSplit = byte & 32 != 0
    }
}

private final class ServerRun: TunnelObserver {
    private let lab: TunnelLab
    private let scene: Scene
    private var applications: [LabApplication] = []
    private var closings = 0
    private var fault: FuzzFault?

    init(_ lab: TunnelLab, _ scene: Scene) {
        self.lab = lab
        self.scene = scene
    }

    func run(_ frames: ArraySlice<UInt8>) throws(FuzzFault) {
        let (tunnel, peer) = try join()
        guard try lab.run({ peer.step() }, until: { tunnel.isOpen && peer.isEstablished }) else {
            throw FuzzFault("no handshake")
        }
        if scene.hasPreface { peer.send((TunnelLab.preface + TunnelLab.settings)[...]) }
        if scene.drains { tunnel.drain() }
        let middle = scene.isSplit ? frames.startIndex + frames.count / 2 : frames.endIndex
        for part in [frames[..<middle], frames[middle...]] where !part.isEmpty {
            peer.send(part)
            _ = try lab.run(turns: 8, { self.step(peer) }, until: { self.closings > 0 })
        }
        peer.close()
        guard try lab.run({ self.step(peer) }, until: { self.closings > 0 && self.applications.allSatisfy(\.hasEnded) })
        else { throw FuzzFault("the tunnel or a stream outlives its peer") }
        if let fault { throw fault }
        guard closings == 1, applications.allSatisfy({ $0.endings == 1 }) else {
            throw FuzzFault("ended \(closings) times, streams \(applications.map(\.endings)) times")
        }
    }

    private func join() throws(FuzzFault) -> (Tunnel, RawPeer) {
        let (near, far) = try TunnelLab.pair()
        do {
            let tunnel = try Tunnel(
                lab.serverContext, Descriptor(owning: near), on: lab.reactor, expecting: .trustDomain("cluster.local"),
                settings: HTTP2Settings(), lab.scratch, TunnelLab.budget(), observer: self)
            let peer = try RawPeer(
                lab.clientContext, Descriptor(owning: far), expecting: .identities([TunnelLab.server]),
                in: lab)
            return (tunnel, peer)
        } catch {
            throw FuzzFault("\(error)")
        }
    }

    private func step(_ peer: RawPeer) {
        peer.step()
        for application in applications { application.step() }
    }

    func tunnel(_ tunnel: Tunnel, received request: ConnectRequest, on stream: TunnelStream) {
        guard !scene.refuses else { return stream.refuse(status: 503) }
        do {
            let application = try LabApplication(scene.manner)
            applications.append(application)
            stream.observer = application
            guard let inner = application.takeInner() else { return }
            let token = try lab.reactor.watch(inner.raw, for: stream)
            stream.join(inner, token, [])
            stream.accept(baggage: request.baggage)
        } catch {
            fault = FuzzFault("\(error)")
        }
    }

    func tunnelEstablished(_ tunnel: Tunnel) {}
    func tunnelLimitChanged(_ tunnel: Tunnel) {}
    func tunnelStreamClosed(_ tunnel: Tunnel) {}
    func tunnelDraining(_ tunnel: Tunnel) {}
    func tunnelClosed(_ tunnel: Tunnel, _ failure: TunnelFailure?) { closings += 1 }
}

extension LabApplication {
    var hasEnded: Bool { endings > 0 }
}
