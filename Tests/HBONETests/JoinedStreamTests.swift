import HBONE
import Mesh
import Reactor
import TestCertificates
import Testing

/// An application at each end of two tunnels, whose streams are joined in the middle as in a proxy on the way.
private final class TunnelChain: TunnelStreamObserver {
    let first: TunnelPair
    let second: TunnelPair
    /// The middle's ends of both tunnels.
    private(set) var arriving: TunnelStream?
    private(set) var leaving: TunnelStream?
    private(set) var leavingEnded: TunnelStream.Ending?

    init(_ authority: LocalAuthorityBox, settings: HTTP2Settings = HTTP2Settings()) throws {
        func pair(_ reactor: Reactor?) throws -> TunnelPair {
            try TunnelPair(
                client: authority.issue(TunnelPair.client), server: authority.issue(TunnelPair.server),
                settings: settings, reactor: reactor)
        }
        first = try pair(nil)
        second = try pair(first.reactor)
    }

    func streamEstablished(_ response: ConnectResponse) {
        TunnelStream.join(arriving!, leaving!)
        arriving!.accept(baggage: nil)
    }

    func streamEnded(_ ending: TunnelStream.Ending) { leavingEnded = ending }

    func connectApplications() throws -> (near: Application, far: Application) {
        let (near, nearInner) = try Application.pair()
        let (far, farInner) = try Application.pair()
        var farSocket: CInt? = farInner
        second.onRequest = { [unowned self] _, stream in
            let raw = farSocket.take()!
            stream.join(Descriptor(owning: raw), try! self.second.reactor.watch(raw, for: stream), [])
            stream.accept(baggage: nil)
        }
        first.onRequest = { [unowned self] request, stream in
            self.arriving = stream
            self.leaving = self.second.clientTunnel!.connect(request, observer: self)
        }
        let isReady = try first.run { first.established.count == 2 && second.established.count == 2 }
        precondition(isReady, "no tunnels: \(first.closed), \(second.closed)")
        let stream = first.clientTunnel!.connect(ConnectRequest(authority: "10.0.0.1:80"), observer: near)!
        stream.join(Descriptor(owning: nearInner), try first.reactor.watch(nearInner, for: stream), [])
        let isAccepted = try first.run { near.isEstablished }
        precondition(isAccepted, "not accepted: \(String(describing: near.ending))")
        return (near, far)
    }
}

struct JoinedStreamTests {
    private let authority: LocalAuthorityBox

    init() throws { authority = try LocalAuthorityBox() }

    @Test(arguments: [4 << 20, 65_535])
    func `bytes go through both tunnels as they were sent, both ways at once`(window: Int) throws {
        var settings = HTTP2Settings()
        settings.streamWindowBytes = Int32(window)
        let chain = try TunnelChain(authority, settings: settings)
        let (near, far) = try chain.connectApplications()
        var up = Transfer(from: near, to: far, seed: 1, bytes: 9_000_000)
        var down = Transfer(from: far, to: near, seed: 2, bytes: 5_000_001)
        let isDone = try chain.first.run {
            up.step()
            down.step()
            return up.hasArrived && down.hasArrived && near.ending != nil && chain.leavingEnded != nil
        }
        #expect(isDone)
        #expect(near.ending == .complete)
        #expect(chain.leavingEnded == .complete)
        #expect(chain.arriving?.bytesOutOfTunnel == 9_000_000)
        #expect(chain.leaving?.bytesOutOfTunnel == 5_000_001)
    }

    @Test func `what was sent before the way onward was there arrives first`() throws {
        let chain = try TunnelChain(authority)
        let (near, far) = try chain.connectApplications()
        near.finish()
        #expect(try chain.first.run { far.read() == .end })
        var down = Transfer(from: far, to: near, seed: 3, bytes: 3_000_000)
        let isDone = try chain.first.run {
            down.step()
            return down.hasArrived && near.ending != nil && chain.leavingEnded != nil
        }
        #expect(isDone)
        #expect(near.ending == .complete)
        #expect(chain.leavingEnded == .complete)
    }

    @Test func `a reset goes through both tunnels, from either end`() throws {
        let chain = try TunnelChain(authority)
        let (near, far) = try chain.connectApplications()
        near.reset()
        #expect(try chain.first.run { far.read() == .reset })
        let (otherNear, otherFar) = try chain.connectApplications()
        otherFar.reset()
        #expect(try chain.first.run { otherNear.read() == .reset })
    }

    @Test func `a tunnel that is lost resets what goes on in the other`() throws {
        let chain = try TunnelChain(authority)
        let (near, far) = try chain.connectApplications()
        chain.first.serverTunnel?.close()
        #expect(try chain.first.run { far.read() == .reset && near.read() == .reset })
        #expect(chain.leavingEnded == .resetByApplication)
    }

    @Test func `who does not read holds up who sends, within the windows`() throws {
        let chain = try TunnelChain(authority)
        let (near, far) = try chain.connectApplications()
        var flood = Transfer(from: near, to: near, seed: 4, bytes: 256_000_000)
        let deadline = chain.first.reactor.nowNanoseconds + 1_500_000_000
        _ = try chain.first.run {
            flood.stepSending()
            return chain.first.reactor.nowNanoseconds > deadline
        }
        withExtendedLifetime(far) {}
        #expect(near.ending == nil)
        // Two windows, and what the kernel holds.
        #expect((chain.arriving?.bytesOutOfTunnel ?? 0) < 32 << 20)
        #expect(chain.first.storage.stored <= 8 << 20)
    }

    @Test func `an end after which nothing more is wanted goes on as such`() throws {
        let chain = try TunnelChain(authority)
        let (near, far) = try chain.connectApplications()
        // A server that has answered and closes without reading on: its answer and its end must arrive whole.
        var answer = Transfer(from: far, to: near, seed: 5, bytes: 2_000_000)
        let isAnswered = try chain.first.run {
            answer.step()
            return answer.hasArrived
        }
        #expect(isAnswered)
        far.close()
        var flood = Transfer(from: near, to: far, seed: 6, bytes: 64_000_000)
        let isCutOff = try chain.first.run {
            if near.ending == nil { flood.stepSending() }
            return near.ending != nil
        }
        #expect(isCutOff)
    }
}
