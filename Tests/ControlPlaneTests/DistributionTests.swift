import ControlPlane
import Controller
import Discovery
import Foundation
import Reactor
import Testing

/// Who counts, who is served when, and what becomes of made objects.
@Suite(.timeLimit(.minutes(1))) struct DistributionTests {
    private static func settings(_ change: (inout ControllerSettings) -> Void = { _ in }) -> ControllerSettings {
        var settings = ControllerSettings(sources: [], authorityDirectory: "", tokenKeysPath: "")
        change(&settings)
        return settings
    }

    private static func distribution(
        _ text: String, _ settings: ControllerSettings = settings()
    ) async throws -> Distribution {
        let distribution = Distribution(settings, ControllerMetrics(), try Log.silent())
        await distribution.take(.listed(objects(text)))
        return distribution
    }

    private static func objects(_ text: String) -> [ObjectReference: KubernetesObject] {
        let file = ManifestReader.read(text, file: "test.yaml")
        for diagnostic in file.diagnostics { Issue.record("\(diagnostic)") }
        return Dictionary(file.manifests.map { ($0.object.reference, $0.object) }) { $1 }
    }

    private static func pod(_ name: String, node: String) -> String {
        """
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: \(name), namespace: slipstream-system, uid: u-\(name)}
        spec: {serviceAccountName: ztunnel, nodeName: \(node), hostNetwork: true, containers: [{name: z}]}
        status: {phase: Running, podIP: 10.0.0.1}

        """
    }

    private static func caller(_ pod: String? = nil, node: String? = nil) -> Caller {
        Caller(
            namespace: "slipstream-system", serviceAccount: "ztunnel",
            pod: pod.map { .init(name: $0, uid: "u-\($0)") }, node: node)
    }

    private static func request(_ type: ResourceType, pod: String, node: String) -> DeltaRequest {
        var request = DeltaRequest(typeURL: type.rawValue)
        request.node = DiscoveryNode(
            id: "ztunnel~1.1.1.1~\(pod).slipstream-system~local", cluster: "",
            metadata: ["NODE_NAME": .string(node), "SLIPSTREAM_VERSION": .string("1")])
        return request
    }

    @Test func `a node's proxy counts where its token, or the token's pod, says that it runs`() async throws {
        let distribution = try await Self.distribution(Self.pod("z1", node: "n1"))
        for caller in [Self.caller(node: "n1"), Self.caller("z1")] {
            let (id, _) = await distribution.open(caller)
            try await distribution.receive(Self.request(.authorization, pod: "z1", node: ""), id)
            #expect(await distribution.proxies.map(\.node) == ["n1"])
            await distribution.close(id)
        }
        for caller in [Self.caller(node: "n1"), Self.caller("z1")] {
            let (id, _) = await distribution.open(caller)
            await #expect(throws: DiscoveryRefusal.foreignClaim(field: "NODE_NAME")) {
                try await distribution.receive(Self.request(.authorization, pod: "z1", node: "n2"), id)
            }
            await distribution.close(id)
        }
    }

    @Test func `a claim that nothing proves is served and does not count, until the pod that proves it is read`()
        async throws
    {
        let distribution = try await Self.distribution("")
        let (unbound, _) = await distribution.open(Self.caller())
        try await distribution.receive(Self.request(.authorization, pod: "z0", node: "n1"), unbound)
        let (bound, _) = await distribution.open(Self.caller("z1"))
        try await distribution.receive(Self.request(.authorization, pod: "z1", node: "n1"), bound)
        #expect(await distribution.proxies.isEmpty)
        #expect(await !distribution.responses(for: unbound).isEmpty)

        let pods = Self.objects(Self.pod("z1", node: "n1")).values
        await distribution.take(.changed(pods.map { .upsert($0) }))
        #expect(await distribution.proxies.map(\.id.name) == ["slipstream-system/z1"])
    }

    @Test func `one who stands still in its first answers holds up others for a moment only`() async throws {
        let distribution = try await Self.distribution(
            "",
            Self.settings {
                $0.initialPushLimit = 1
                $0.initialPushSeconds = 0.2
            })
        var streams: [(Distribution.SessionID, AsyncStream<Void>)] = []
        for number in 0..<2 {
            let (id, ticks) = await distribution.open(Self.caller(node: "n\(number)"))
            for type in [ResourceType.authorization, .address] {
                try await distribution.receive(Self.request(type, pod: "z\(number)", node: ""), id)
            }
            streams.append((id, ticks))
        }
        #expect(await !distribution.responses(for: streams[0].0).isEmpty)
        #expect(await distribution.responses(for: streams[1].0).isEmpty)
        let begin = ContinuousClock.now
        for await _ in streams[1].1 {
            if await !distribution.responses(for: streams[1].0).isEmpty { break }
        }
        #expect(begin.duration(to: .now) >= .milliseconds(100))
    }

    @Test func `a stream ends when it is old, and not in the middle of an answer`() async throws {
        let distribution = try await Self.distribution("", Self.settings { $0.streamAgeSeconds = 0 })
        let (id, ticks) = await distribution.open(Self.caller(node: "n1"))
        try await distribution.receive(Self.request(.authorization, pod: "z", node: ""), id)
        try await distribution.receive(Self.request(.address, pod: "z", node: ""), id)
        #expect(await !distribution.responses(for: id).isEmpty)
        await distribution.sweep()
        #expect(await distribution.refusal(id) == nil)
        for type in [ResourceType.authorization, .address] {
            var answer = DeltaRequest(typeURL: type.rawValue)
            answer.responseNonce = "1"
            try await distribution.receive(answer, id)
        }
        _ = await distribution.responses(for: id)
        await distribution.sweep()
        #expect(await distribution.refusal(id) == .aged)
        for await _ in ticks {}
    }

    @Test func `what was told to a proxy is told, and how far it has come`() async throws {
        let distribution = try await Self.distribution(Self.pod("z1", node: "n1"))
        let (id, _) = await distribution.open(Self.caller(node: "n1"))
        for type in [ResourceType.authorization, .address] {
            try await distribution.receive(Self.request(type, pod: "z1", node: ""), id)
        }
        func states() async -> Set<Subscription.Progress> {
            Set(await distribution.told("slipstream-system/z1").map(\.progress))
        }
        #expect(await states() == [.pending])
        _ = await distribution.responses(for: id)
        #expect(await states().contains(.sent))
        #expect(await distribution.told("slipstream-system/nobody").isEmpty)
    }
}
