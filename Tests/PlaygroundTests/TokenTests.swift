import ControlPlane
import Controller
import Foundation
import Testing

@testable import Playground

struct TokenTests {
    private let issuer = TokenIssuer(name: "https://kubernetes.default.svc.cluster.local")
    private let pod = NodeProxyPod(node: "node-2", address: AddressPlan.linkAddress(ofNode: 2))

    /// Reads tokens as the controller does.
    private func authenticator(now: Double) throws -> SignedTokens {
        SignedTokens(
            keys: try VerificationKeys(text: issuer.publicKey), audience: "istio-ca", issuer: issuer.name, now: { now })
    }

    @Test func `the controller takes a token, and knows by it the account, the pod and its node`() async throws {
        let object = pod.object(isRunning: true)
        let token = try issuer.token(for: object, lifetimeSeconds: 600, now: 1_000)
        let caller = try await authenticator(now: 1_500).caller(with: token)
        #expect(caller.account == "slipstream-system/ztunnel")
        #expect(caller.pod == .init(name: "ztunnel-node-2", uid: object.metadata.uid))
        #expect(caller.node == "node-2")
    }

    @Test func `a token ends, and is for one audience and of one issuer only`() async throws {
        let object = pod.object(isRunning: true)
        let token = try issuer.token(for: object, lifetimeSeconds: 600, now: 1_000)
        await #expect(throws: TokenRefusal.expired) { try await authenticator(now: 1_700).caller(with: token) }
        let other = try issuer.token(for: object, audience: "vault", lifetimeSeconds: 600, now: 1_000)
        await #expect(throws: TokenRefusal.audience) { try await authenticator(now: 1_500).caller(with: other) }
        let stranger = TokenIssuer(name: issuer.name)
        let foreign = try stranger.token(for: object, lifetimeSeconds: 600, now: 1_000)
        await #expect(throws: TokenRefusal.signature) { try await authenticator(now: 1_500).caller(with: foreign) }
    }

    @Test func `what a container mounts of tokens lies below its pod's folder, and nowhere else`() {
        var volume = Kubernetes.TokenVolume(name: "istio-token", audience: "istio-ca", path: "istio-token")
        volume.expirationSeconds = 43_200
        func paths(_ mounts: [Kubernetes.VolumeMount]) -> [String] {
            var container = Kubernetes.Container(name: "c")
            container.volumeMounts = mounts
            var pod = pod.object(isRunning: true)
            pod.spec.containers = [container, container]
            pod.spec.tokenVolumes = [volume]
            return PodTokens.files(of: pod, in: "/pods/a").map { URL(filePath: $0.path).standardized.path }
        }
        let mount = Kubernetes.VolumeMount(name: "istio-token", mountPath: "/var/run/secrets/tokens")
        #expect(paths([mount]) == ["/pods/a/var/run/secrets/tokens/istio-token"])
        #expect(paths([.init(name: "other", mountPath: "/var/run/secrets/tokens")]) == [])
        #expect(paths([.init(name: "istio-token", mountPath: "/../../etc")]) == [])
    }

    @Test func `a token's file is replaced when four fifths of its life are over, and nobody else can read it`() throws
    {
        let folder = URL(filePath: NSTemporaryDirectory()).appending(path: "slip-token-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "tokens/istio-token").path
        var file = TokenFile(path: path, lifetimeSeconds: 1_000)
        func renew(at now: Int) throws -> String {
            try file.renew(for: pod.object(isRunning: true), by: issuer, now: now)
            return try String(contentsOfFile: path, encoding: .utf8)
        }
        let first = try renew(at: 5_000)
        #expect(try renew(at: 5_799) == first)
        #expect(try renew(at: 5_800) != first)
        let attributes = try FileManager.default.attributesOfItem(atPath: folder.appending(path: "tokens").path)
        #expect(attributes[.posixPermissions] as? Int == 0o700)
    }
}
