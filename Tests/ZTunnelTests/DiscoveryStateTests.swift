import Discovery
import Mesh
import Testing

@testable import ZTunnel

struct DiscoveryStateTests {
    private static let workload = MeshResource.workload(Workload(uid: "one//Pod/shop/a", name: "a", namespace: "shop"))
    private static let policy = MeshResource.policy(
        AuthorizationPolicy(name: "p", namespace: "shop", scope: .namespace, action: .allow, rules: []))

    private static func response(
        _ type: ResourceType, _ resources: [MeshResource] = [], removed: [String] = [], broken: [String] = [],
        nonce: String = "n"
    ) -> [UInt8] {
        var response = DeltaResponse(typeURL: type.rawValue, nonce: nonce)
        response.resources = resources.map { DiscoveryResource($0, as: type) }
        response.resources += broken.map {
            DiscoveryResource(name: $0, version: "1", typeURL: type.rawValue, body: [0xff, 0xff])
        }
        response.removed = removed
        return response.encoded()
    }

    private var state = DiscoveryState(DiscoveryNode(id: "ztunnel~1.1.1.1~a.b~c"))

    private static func sent(_ actions: [DiscoveryState.Action]) -> [DeltaRequest] {
        actions.compactMap { if case .send(let request) = $0 { request } else { nil } }
    }

    private static func updates(_ actions: [DiscoveryState.Action]) -> [DiscoveryState.Update] {
        actions.compactMap { if case .apply(let update) = $0 { update } else { nil } }
    }

    @Test mutating func `a stream begins with both types, policies first, and says once who asks`() {
        let requests = Self.sent(state.opened(nowMilliseconds: 0))
        #expect(requests.map(\.typeURL) == [ResourceType.authorization.rawValue, ResourceType.address.rawValue])
        #expect(requests[0].node != nil && requests[1].node == nil)
        #expect(requests.allSatisfy { $0.subscribe.isEmpty && $0.initialVersions.isEmpty && $0.responseNonce.isEmpty })
    }

    @Test mutating func `a response is acknowledged once it is in force, and not before`() {
        _ = state.opened(nowMilliseconds: 0)
        let first = state.received(Self.response(.address, [Self.workload], nonce: "a"))
        let second = state.received(Self.response(.address, removed: ["one//Pod/shop/a"], nonce: "b"))
        #expect(Self.sent(first + second).isEmpty)
        let tickets = Self.updates(first + second).map(\.ticket)
        #expect(Self.updates(first)[0].resources == [Self.workload])
        let none = state.inForce(through: 0)
        #expect(none.isEmpty)
        let answers = Self.sent(state.inForce(through: tickets[1]))
        #expect(answers.map(\.responseNonce) == ["a", "b"] && answers.allSatisfy { $0.rejection == nil })
    }

    @Test mutating func `what is broken is rejected by name, and the rest of its response is taken`() {
        _ = state.opened(nowMilliseconds: 0)
        let actions = state.received(Self.response(.authorization, [Self.policy], broken: ["shop/q"]))
        let update = Self.updates(actions)[0]
        #expect(update.resources == [Self.policy] && update.rejected.map(\.name) == ["shop/q"])
        let answer = Self.sent(state.inForce(through: update.ticket))[0]
        #expect(answer.responseNonce == "n" && answer.rejection?.message.hasPrefix("shop/q: ") == true)
    }

    @Test mutating func `a new stream tells the versions of what is in force, and nothing of what is not`() throws {
        _ = state.opened(nowMilliseconds: 0)
        let policies = Self.updates(state.received(Self.response(.authorization, [Self.policy], broken: ["shop/q"])))
        _ = state.inForce(through: policies[0].ticket)
        let workloads = Self.updates(state.received(Self.response(.address, [Self.workload])))
        _ = state.ended(nowMilliseconds: 10, jitter: 0)
        let requests = Self.sent(state.opened(nowMilliseconds: 20))
        let version = DiscoveryResource(Self.policy, as: .authorization).version
        // What was rejected is asked after, under a version that none has.
        #expect(requests[0].initialVersions == ["shop/p": version, "shop/q": ""])
        #expect(requests[1].initialVersions.isEmpty)
        // The old stream's response is not answered on the new one.
        let answers = Self.sent(state.inForce(through: workloads[0].ticket))
        #expect(answers.isEmpty)
    }

    @Test mutating func `what is no answer to a question ends the stream`() {
        for bytes in [
            [0xff], Self.response(.workload), Self.response(.address, nonce: ""),
        ] as [[UInt8]] {
            _ = state.opened(nowMilliseconds: 0)
            let actions = state.received(bytes)
            guard case .end? = actions.first else {
                Issue.record("\(actions)")
                continue
            }
        }
    }

    @Test mutating func `who sends on without waiting is not read until there is room again`() {
        _ = state.opened(nowMilliseconds: 0)
        var actions: [DiscoveryState.Action] = []
        for number in 0..<16 { actions += state.received(Self.response(.address, nonce: "\(number)")) }
        #expect(actions.last == .pause)
        let last = Self.updates(actions).last?.ticket ?? 0
        let rest = state.inForce(through: last)
        #expect(rest.last == .resume && Self.sent(rest).count == 16)
    }

    @Test mutating func `attempts come further apart, until a stream has lasted`() {
        var delays: [UInt64] = []
        func delay(_ actions: [DiscoveryState.Action]) -> UInt64 {
            if case .connect(let delay)? = actions.first { delay } else { 0 }
        }
        for _ in 0..<13 { delays.append(delay(state.ended(nowMilliseconds: 0, jitter: 0))) }
        #expect(delays.prefix(4) == [10, 20, 40, 80] && delays.last == 15_000)
        _ = state.opened(nowMilliseconds: 0)
        #expect(delay(state.ended(nowMilliseconds: 1000, jitter: 0)) == 15_000)
        _ = state.opened(nowMilliseconds: 1000)
        #expect(delay(state.ended(nowMilliseconds: 16_000, jitter: 1)) == 12)
    }
}

struct UptakeTests {
    @Test func `a configuration is in force once every worker has taken it, or a later one`() {
        var uptake = Uptake()
        let told = Told()
        let versions = (1...3).map { number in uptake.begin(2) { told.numbers.append(number) } }
        for inForce in uptake.reached(0, versions[2]) { inForce() }
        #expect(told.numbers.isEmpty)
        for inForce in uptake.reached(1, versions[0]) { inForce() }
        #expect(told.numbers == [1])
        for inForce in uptake.reached(1, versions[2]) { inForce() }
        #expect(told.numbers == [1, 2, 3])
    }

    private final class Told { var numbers: [Int] = [] }
}
