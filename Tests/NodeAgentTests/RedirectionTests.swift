import Mesh
import Netlink
import Testing

@testable import NodeAgent

struct RedirectionTests {
    @Test func `only a connection's first packet is redirected, in both directions`() {
        for rule in redirecting(Redirection()) { #expect(rule.expressions.contains(flagsOfFirstPacket)) }
        #expect(redirecting(Redirection()).count == 2)
    }

    @Test func `each direction that is captured is guarded`() {
        let table = Redirection().capturing
        #expect(table.chains["guard-input"]?.rules.last?.expressions.last == .rejectWithReset)
        #expect(table.chains["guard-output"]?.rules.last?.expressions.last == .rejectWithReset)
    }

    @Test func `an ingress gateway takes its own connections`() {
        let table = Redirection(capturesInbound: false).capturing
        #expect(table.chains["nat-prerouting"]?.rules.isEmpty == true)
        #expect(table.chains["guard-input"]?.rules.isEmpty == true)
        #expect(table.chains["nat-output"] == Redirection().capturing.chains["nat-output"])
    }

    @Test func `draining captures and refuses nothing, and keeps translation and marks`() {
        let table = Redirection().draining
        #expect(table.chains.keys.sorted() == Redirection().capturing.chains.keys.sorted())
        #expect(table.chains["nat-output"]?.hook?.kind == .nat)
        let kept = ["mangle-prerouting", "mangle-output", "raw-output"]
        for (name, chain) in table.chains where !kept.contains(name) { #expect(chain.rules.isEmpty) }
        for name in kept {
            #expect(table.chains[name] == Redirection(remembersHalfClosed: false).capturing.chains[name])
            #expect(table.chains[name]?.rules.count == 1)
        }
    }

    @Test func `a pod keeps the zone that it was captured with`() {
        for zone: UInt16? in [7, nil] {
            var other = Redirection()
            other.proxyZone = zone
            #expect(Redirection().continuing(other.capturing).proxyZone == zone)
            #expect(Redirection().continuing(other.draining).proxyZone == zone)
        }
        #expect(Redirection().continuing(nil) == Redirection())
        var chains = Redirection().capturing.chains
        chains["raw-output"] = NFChain(hook: chains["raw-output"]?.hook, rules: [])
        #expect(Redirection().continuing(NFTable(name: "slipstream", chains: chains)) == Redirection())
    }

    @Test func `names are captured before all else that leaves, when asked for`() {
        let plain = Redirection().capturing
        let table = Redirection(capturesDNS: true).capturing
        #expect(table.chains["nat-output"]?.rules.count == (plain.chains["nat-output"]?.rules.count ?? 0) + 2)
        #expect(Set(table.chains.keys).subtracting(plain.chains.keys) == ["raw-prerouting"])
        #expect(table.chains["raw-output"]?.rules.count == 2)
    }

    @Test func `a host's probes are let in by the addresses it gives them`() throws {
        let probes = [try #require(IPAddress("169.254.7.127")), try #require(IPAddress("fd16:9254:7127:1337::1"))]
        let table = Redirection(hostProbes: probes).capturing
        for name in ["nat-prerouting", "guard-input"] {
            let accepted = table.chains[name]?.rules.filter { rule in
                probes.contains { rule.expressions.contains(.compare(.equal, $0.bytes)) }
            }
            #expect(accepted?.count == 2)
        }
    }

    @Test func `a machine's own doors come before what is captured and what is refused`() {
        let table = Redirection(passedPorts: [22, 2222]).capturing
        for name in ["nat-prerouting", "guard-input"] {
            let rules = table.chains[name]?.rules ?? []
            for port in [[0, 22], [8, 174]] as [[UInt8]] {
                let place = rules.firstIndex { rule in
                    rule.expressions.contains(.compare(.equal, port)) && rule.expressions.last == .accept
                }
                #expect(place.map { $0 < rules.count - 1 } == true)
            }
            #expect(rules.count == (Redirection().capturing.chains[name]?.rules.count ?? 0) + 2)
        }
        #expect(table.chains["guard-output"] == Redirection().capturing.chains["guard-output"])
    }

    private let flagsOfFirstPacket = NFExpression.loadHeader(.transport, offsetBytes: 13, lengthBytes: 1)

    private func redirecting(_ redirection: Redirection) -> [NFRule] {
        redirection.capturing.chains.values.flatMap(\.rules).filter { $0.expressions.contains(.redirect) }
    }
}
