import Controller
import Mesh
import Testing

struct PeerTranslationTests {
    private static let pods = pod("cart") + pod("catalog", address: "10.244.1.3")

    private static func authentication(
        _ name: String, namespace: String = "shop", app: String? = nil, extra: String = "", _ mode: String,
        ports: String = ""
    ) -> String {
        let selector = app.map { "selector: {matchLabels: {app: \($0)}}\n" } ?? ""
        let levels = ports.isEmpty ? "" : "\nportLevelMtls: {\(ports)}"
        return policy(
            name, kind: "PeerAuthentication", namespace: namespace, extra: extra,
            spec: selector + "mtls: {mode: \(mode)}" + levels)
    }

    @Test func `without any, all callers are served`() throws {
        let translation = translation(Self.pods)
        #expect(try translation.allows(at: "shop/cart", from: nil) && translation.allows(at: "shop/cart", from: "a/b"))
    }

    @Test(arguments: ["shop", "slipstream-system"])
    func `STRICT refuses who does not prove who they are, in a namespace or the mesh`(namespace: String) throws {
        let translation = translation(Self.pods + Self.authentication("strict", namespace: namespace, "STRICT"))
        #expect(try translation.allows(at: "shop/cart", from: "other/a"))
        let denial = try translation.decision(at: "shop/cart", from: nil)
        #expect(denial.policy?.description == "slipstream-system/istio_converted_static_strict" && denial.rule == 0)
    }

    @Test func `a workload's mode beats its namespace's, which beats the mesh's`() throws {
        let mesh = Self.authentication("m", namespace: "slipstream-system", "STRICT")
        let namespace = Self.authentication("wide", "PERMISSIVE")
        let workload = Self.authentication("w", app: "cart", "STRICT")
        let translation = translation(Self.pods + mesh + namespace + workload)
        #expect(try !translation.allows(at: "shop/cart", from: nil))
        #expect(try translation.allows(at: "shop/catalog", from: nil))
    }

    @Test func `UNSET leaves the next wider one to decide`() throws {
        let translation = translation(
            Self.pods + Self.authentication("wide", "STRICT") + Self.authentication("w", app: "cart", "UNSET"))
        #expect(try !translation.allows(at: "shop/cart", from: nil))
    }

    @Test func `DISABLE is taken as PERMISSIVE and told`() throws {
        let translation = translation(
            Self.pods + Self.authentication("wide", "STRICT") + Self.authentication("w", app: "cart", "DISABLE"))
        #expect(try translation.allows(at: "shop/cart", from: nil))
        #expect(translation.diagnostics.map(\.object.name) == ["w"])
    }

    @Test func `a selector in the root namespace selects nothing, and is told`() throws {
        let text = Self.authentication("r", namespace: "slipstream-system", app: "cart", "STRICT")
        let translation = translation(Self.pods + text)
        #expect(try translation.allows(at: "shop/cart", from: nil))
        #expect(translation.diagnostics.map(\.field) == ["spec.selector"])
    }

    @Test func `of several for one workload the oldest counts, then the first by name`() throws {
        let old = ", creationTimestamp: '2026-01-01T00:00:00Z'"
        let young = ", creationTimestamp: '2026-01-02T00:00:00Z'"
        let byAge =
            Self.authentication("a", extra: young, "PERMISSIVE") + Self.authentication("b", extra: old, "STRICT")
        #expect(try !translation(Self.pods + byAge).allows(at: "shop/cart", from: nil))
        let byName = Self.authentication("b", "PERMISSIVE") + Self.authentication("a", "STRICT")
        #expect(try !translation(Self.pods + byName).allows(at: "shop/cart", from: nil))
    }

    @Test func `STRICT with open ports is open on these alone`() throws {
        let text = Self.authentication("w", app: "cart", "STRICT", ports: "8080: {mode: PERMISSIVE}, 81: {mode: UNSET}")
        let translation = translation(Self.pods + text)
        #expect(try translation.allows(at: "shop/cart", from: nil))
        #expect(try !translation.allows(at: "shop/cart", port: 81, from: nil))
        #expect(try !translation.allows(at: "shop/cart", port: 82, from: nil))
        #expect(try translation.allows(at: "shop/cart", port: 82, from: "a/b"))
        #expect(
            try translation.workload("cart").authorizationPolicies.map(\.description)
                == ["shop/converted_peer_authentication_w"])
    }

    @Test func `PERMISSIVE with strict ports is strict on these alone`() throws {
        let text = Self.authentication("w", app: "cart", "UNSET", ports: "8080: {mode: STRICT}")
        let translation = translation(Self.pods + text)
        #expect(try !translation.allows(at: "shop/cart", from: nil))
        #expect(try translation.allows(at: "shop/cart", port: 81, from: nil))
    }

    @Test func `ports that say what holds anyway need no policy of their own`() throws {
        let text = Self.authentication("w", app: "cart", "STRICT", ports: "8080: {mode: STRICT}")
        let translation = translation(Self.pods + text)
        #expect(try translation.workload("cart").authorizationPolicies.map(\.name) == ["istio_converted_static_strict"])
    }
}
