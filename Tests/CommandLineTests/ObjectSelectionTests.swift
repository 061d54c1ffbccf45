import Controller
import Playground
import Testing

@testable import CommandLine

/// What people call objects.
struct ObjectSelectionTests {
    private func reference(_ kind: KubernetesObject.Kind, _ namespace: String, _ name: String) -> ObjectSelection.Member
    {
        .object(ObjectReference(kind: kind, namespace: namespace, name: name))
    }

    private func members(_ words: String..., everywhere: Bool = false) throws -> [ObjectSelection.Member] {
        try ObjectSelection(words, namespace: "shop", isEverywhere: everywhere).members
    }

    @Test(arguments: [
        ("pod", "Pod"), ("PODS", "Pod"), ("po", "Pod"), ("svc", "Service"), ("Service", "Service"), ("ns", "Namespace"),
        ("ap", "AuthorizationPolicy"), ("AuthorizationPolicies", "AuthorizationPolicy"), ("pa", "PeerAuthentication"),
        ("authorizationpolicies.security.istio.io", "AuthorizationPolicy"), ("gateways", "Gateway"),
        ("authorizationpolicy.v1.security.istio.io", "AuthorizationPolicy"), ("waypoint", "Gateway"),
        ("gatewayclasses", "GatewayClass"), ("httproutes", "HTTPRoute"), ("serviceentries", "ServiceEntry"),
    ])
    func `a kind is known by its name in any case, its plural and its short name`(word: String, kind: String) throws {
        #expect(try ObjectKind.named(word).rawValue == kind)
    }

    @Test(arguments: ["", "cat", "pods.apps", "p", "service.v1"])
    func `another word is no kind`(word: String) {
        #expect(throws: CommandFailure.self) { try ObjectKind.named(word) }
    }

    @Test func `objects are named as kubectl has them named`() throws {
        #expect(
            try members("pod/cart", "svc/web") == [reference(.pod, "shop", "cart"), reference(.service, "shop", "web")])
        #expect(try members("pod", "a", "b") == [reference(.pod, "shop", "a"), reference(.pod, "shop", "b")])
        #expect(try members("pods", "outside/intruder") == [reference(.pod, "outside", "intruder")])
        #expect(try members("ns/shop") == [reference(.namespace, "", "shop")])
    }

    @Test func `a kind alone stands for all of it`() throws {
        #expect(try members("po") == [.all(.pod, namespace: "shop")])
        #expect(try members("po", everywhere: true) == [.all(.pod, namespace: nil)])
        #expect(try members("ns") == [.all(.namespace, namespace: nil)])
    }

    @Test(arguments: [
        [], ["pod/"], ["pod/a/b"], ["pod", "/a"], ["pod", "a/b/c"], ["ns", "a/b"], ["pod/a", "b"], ["/a"],
    ])
    func `what names nothing is refused`(words: [String]) {
        #expect(throws: CommandFailure.self) { try ObjectSelection(words, namespace: "shop") }
    }
}

struct TimeLimitTests {
    @Test(arguments: [
        ("30s", 30.0), ("500ms", 0.5), ("2m", 120), ("1h30m", 5400), ("15", 15), ("0s", 0), ("1.5s", 1.5),
    ])
    func `a time is read with its units`(text: String, seconds: Double) {
        #expect(TimeLimit(text)?.seconds == seconds)
    }

    @Test(arguments: ["", "s", "3x", "-1s", "1s2", "1..2s", "nan", "inf", "9999999h", "1e3s", "٣s"])
    func `what is no time is none`(text: String) {
        #expect(TimeLimit(text) == nil)
    }
}

struct ControllerPlaceTests {
    @Test func `an option beats the environment`() throws {
        let environment = [ControllerPlace.variable: "/run/b.sock"]
        #expect(
            try ControllerPlace.find(named: "/run/a.sock", context: nil, environment: environment).socket
                == "/run/a.sock")
        #expect(try ControllerPlace.find(named: nil, context: nil, environment: environment).socket == "/run/b.sock")
        #expect(
            try ControllerPlace.find(named: nil, context: "playground", environment: environment).socket
                == "/run/b.sock")
    }

    @Test func `a cluster's context is refused in so many words`() {
        let failure = #expect(throws: CommandFailure.self) {
            try ControllerPlace.find(named: nil, context: "prod", environment: [:])
        }
        #expect(failure?.description.contains("clusters") == true)
    }
}
