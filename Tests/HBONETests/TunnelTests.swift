import Glibc
import HBONE
import Mesh
import Reactor
import TestCertificates
import Testing

struct TunnelTests {
    private let authority: LocalAuthorityBox

    init() throws { authority = try LocalAuthorityBox() }

    private func pair(settings: HTTP2Settings = HTTP2Settings()) throws -> TunnelPair {
        try TunnelPair(
            client: authority.issue(TunnelPair.client), server: authority.issue(TunnelPair.server), settings: settings)
    }

    @Test func `both ends learn who the other is`() throws {
        let pair = try pair()
        #expect(try pair.run { pair.established.count == 2 })
        #expect(pair.serverTunnel?.peer?.identity == TunnelPair.client)
        #expect(pair.clientTunnel?.peer?.identity == TunnelPair.server)
        #expect(pair.clientTunnel?.cipherSuite == "TLS_AES_128_GCM_SHA256")
    }

    @Test func `bytes arrive as they were sent, both ways at once, and each end is passed on`() throws {
        let pair = try pair()
        let (near, far, stream) = try pair.connectApplications()
        var up = Transfer(from: near, to: far, seed: 1, bytes: 9_000_000)
        var down = Transfer(from: far, to: near, seed: 2, bytes: 5_000_001)
        let isDone = try pair.run {
            up.step()
            down.step()
            return up.hasArrived && down.hasArrived && near.ending != nil
        }
        #expect(isDone)
        #expect(near.ending == .complete)
        #expect(stream.bytesIntoTunnel == 9_000_000)
        #expect(stream.bytesOutOfTunnel == 5_000_001)
    }

    @Test func `a half-closed connection still carries the other direction`() throws {
        let pair = try pair()
        let (near, far, _) = try pair.connectApplications()
        near.finish()
        #expect(try pair.run { far.read() == .end })
        var down = Transfer(from: far, to: near, seed: 3, bytes: 300_000)
        let isDone = try pair.run {
            down.step()
            return down.hasArrived && near.ending != nil
        }
        #expect(isDone)
        #expect(near.ending == .complete)
    }

    @Test func `a reset is carried as a reset`() throws {
        let pair = try pair()
        let (near, far, _) = try pair.connectApplications()
        near.reset()
        #expect(try pair.run { far.read() == .reset })
        #expect(try pair.run { near.ending != nil })
        #expect(near.ending == .resetByApplication)
    }

    @Test func `a reset by the far application reaches the near one`() throws {
        let pair = try pair()
        let (near, far, _) = try pair.connectApplications()
        far.reset()
        #expect(try pair.run { near.read() == .reset })
        #expect(near.ending == .resetByPeer(code: 0xa))
    }

    @Test func `a refusal is told with its status`() throws {
        let pair = try pair()
        #expect(try pair.run { pair.established.count == 2 })
        pair.onRequest = { _, stream in stream.refuse(status: 401) }
        let (near, _) = try Application.pair()
        _ = pair.clientTunnel?.connect(ConnectRequest(authority: "10.0.0.1:80"), observer: near)
        #expect(try pair.run { near.ending != nil })
        guard case .refused(let response) = near.ending else {
            Issue.record("ended as \(String(describing: near.ending))")
            return
        }
        #expect(response.status == 401)
    }

    @Test func `the headers of a request arrive`() throws {
        let pair = try pair()
        #expect(try pair.run { pair.established.count == 2 })
        var received: ConnectRequest?
        pair.onRequest = { request, stream in
            received = request
            stream.refuse(status: 503)
        }
        var request = ConnectRequest(authority: "[fd00::1]:8080")
        request.baggage = "k8s.namespace.name=shop"
        request.forwarded = "for=\"10.0.0.1:4711\""
        let (near, _) = try Application.pair()
        _ = pair.clientTunnel?.connect(request, observer: near)
        #expect(try pair.run { near.ending != nil })
        #expect(received == request)
    }

    @Test func `an application that does not read holds up no other stream of its tunnel`() throws {
        let pair = try pair()
        let (stuckNear, stuckFar, _) = try pair.connectApplications()
        var flood = Transfer(from: stuckNear, to: stuckFar, seed: 4, bytes: 64_000_000)
        let (near, far, _) = try pair.connectApplications()
        var up = Transfer(from: near, to: far, seed: 5, bytes: 8_000_000)
        let isDone = try pair.run {
            flood.stepSending()
            up.step()
            return up.hasArrived
        }
        #expect(isDone)
        #expect(stuckNear.ending == nil)
    }

    @Test func `streams of a tunnel that is lost are reset`() throws {
        let pair = try pair()
        let (near, far, _) = try pair.connectApplications()
        pair.serverTunnel?.close()
        #expect(try pair.run { near.ending != nil })
        #expect(near.ending == .tunnelLost)
        #expect(try pair.run { far.read() == .reset && near.read() == .reset })
    }

    @Test func `a drained tunnel finishes what it has and then closes`() throws {
        let pair = try pair()
        let (near, far, _) = try pair.connectApplications()
        pair.serverTunnel?.drain()
        var up = Transfer(from: near, to: far, seed: 6, bytes: 1_000_000)
        // More than the windows and the kernel hold: what is still on its way when the last stream ends must arrive.
        var down = Transfer(from: far, to: near, seed: 7, bytes: 24_000_000)
        #expect(
            try pair.run {
                up.step()
                down.step()
                return near.ending != nil
            })
        #expect(near.ending == .complete)
        #expect(try pair.run { pair.closed.count == 2 })
        #expect(pair.closed[.server] == .some(nil) || pair.closed[.server] == .peerClosed)
    }
}

struct PeerVerificationTests {
    private let authority: LocalAuthorityBox

    init() throws { authority = try LocalAuthorityBox() }

    private func failures(
        client: Credential? = nil, server: Credential? = nil, expected: [SPIFFEIdentity] = [TunnelPair.server],
        trustDomain: String = "cluster.local"
    ) throws -> [TLSContext.Role: TunnelFailure?] {
        let pair = try TunnelPair(
            client: client ?? authority.issue(TunnelPair.client), server: server ?? authority.issue(TunnelPair.server),
            expected: expected, trustDomain: trustDomain)
        #expect(try pair.run { pair.closed.count == 2 })
        return pair.closed
    }

    @Test func `a client refuses a server that is not who it expects`() throws {
        let failures = try failures(expected: [TunnelPair.client])
        #expect(failures[.client] == .tls(.unexpectedIdentity(presented: TunnelPair.server.description)))
    }

    @Test func `a server refuses a client of another trust domain`() throws {
        let foreign = SPIFFEIdentity(trustDomain: "elsewhere", namespace: "shop", serviceAccount: "frontend")
        let failures = try failures(client: authority.issue(foreign))
        #expect(failures[.server] == .tls(.foreignTrustDomain(presented: foreign.description)))
    }

    @Test func `a peer whose chain leads to another root is refused`() throws {
        let other = try LocalAuthorityBox()
        let failures = try failures(client: other.issue(TunnelPair.client))
        guard case .tls = failures[.client] ?? nil else {
            Issue.record("the client accepted an unknown root")
            return
        }
    }

    @Test func `an expired certificate is refused`() throws {
        let expired = try authority.authority.issue(
            to: TunnelPair.client, now: LocalAuthorityBox.now - 100, lifetimeSeconds: 50)
        let failures = try failures(client: expired)
        #expect(failures[.server] == .tls(.untrustedChain("certificate has expired")))
    }

    @Test func `a key that others may read is refused`() throws {
        let certificates = try TestAuthority()
        #expect(chmod(certificates.directory + "/ca-key.pem", 0o644) == 0)
        #expect(throws: TLSFailure.self) {
            _ = try LocalAuthority(directory: certificates.directory).issue(
                to: TunnelPair.client, now: LocalAuthorityBox.now, lifetimeSeconds: 60)
        }
    }
}
