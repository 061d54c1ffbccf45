import Mesh

/// Something that the playground says of its shop, and how it is found out.
struct ShopClaim {
    struct Verdict {
        var isProved: Bool
        var observed: String
    }

    typealias Judge = (Verdict) -> Void

    let text: String
    let prove: (Prover, @escaping Judge) -> Void

    static var all: [ShopClaim] {
        [
            allowed("an allowed call by service name succeeds, over mutual TLS") { _ in "http://cart/" },
            allowed("an allowed call by pod address succeeds, over mutual TLS") { "http://\($0.address):8080/" },
            ShopClaim(
                text: "a call that policy forbids is refused, and the table names the policy", prove: proveForbidden),
            ShopClaim(text: "under STRICT a pod outside the mesh is refused", prove: proveStrict),
            ShopClaim(text: "under PERMISSIVE a pod outside the mesh is served", prove: provePermissive),
            ShopClaim(text: "the application sees the caller's own address", prove: proveCaller),
            ShopClaim(text: "what the mesh carries between nodes cannot be read on the wire", prove: proveSecret),
            ShopClaim(text: "what goes around the mesh can be, so the look is a fair one", prove: proveControl),
        ]
    }

    // MARK: Calls

    private static func allowed(_ text: String, url: @escaping (RunningPod) -> String) -> ShopClaim {
        ShopClaim(text: text) { prover, judge in
            guard let (frontend, cart) = prover.apart("frontend", "cart") else { return judge(.missing) }
            let mark = prover.mark
            prover.call(from: frontend, url(cart)) { call in
                guard call.isAnswered, call.field("app") == "cart" else { return judge(.init(call)) }
                prover.connection(since: mark, from: frontend, to: "cart", settled: \.isWhole) { connection in
                    guard let connection else { return judge(.untold(call)) }
                    judge(
                        Verdict(
                            isProved: connection.verdict == .served && connection.isMutualTLS,
                            observed: "\(call.description); \(connection.sentence)"))
                }
            }
        }
    }

    private static func proveForbidden(_ prover: Prover, _ judge: @escaping Judge) {
        guard let catalog = prover.pods(app: "catalog").first else { return judge(.missing) }
        proveRefused(prover, from: catalog, "http://cart/", judge) { $0.isMutualTLS && $0.policy != nil }
    }

    private static func proveStrict(_ prover: Prover, _ judge: @escaping Judge) {
        guard let intruder = prover.pods(app: "intruder").first else { return judge(.missing) }
        proveRefused(prover, from: intruder, "http://cart.shop/", judge) { !$0.isMutualTLS && $0.policy != nil }
    }

    private static func proveRefused(
        _ prover: Prover, from pod: RunningPod, _ url: String, _ judge: @escaping Judge,
        isAsClaimed: @escaping (Connection) -> Bool
    ) {
        let mark = prover.mark
        prover.call(from: pod, url) { call in
            guard call.isRefused else { return judge(Verdict(isProved: false, observed: call.description)) }
            prover.connection(since: mark, from: pod, to: "cart", settled: { $0.inbound != nil }) { connection in
                guard let connection else { return judge(.untold(call)) }
                judge(
                    Verdict(
                        isProved: connection.verdict == .denied && isAsClaimed(connection),
                        observed: "\(call.description); \(connection.sentence)"))
            }
        }
    }

    private static func provePermissive(_ prover: Prover, _ judge: @escaping Judge) {
        guard let intruder = prover.pods(app: "intruder").first else { return judge(.missing) }
        let mark = prover.mark
        prover.call(from: intruder, "http://frontend.shop/") { call in
            guard call.isAnswered, call.field("app") == "frontend" else { return judge(.init(call)) }
            prover.connection(since: mark, from: intruder, to: "frontend", settled: { $0.inbound != nil }) {
                connection in
                guard let connection else { return judge(.untold(call)) }
                judge(
                    Verdict(
                        isProved: connection.verdict == .served && !connection.isMutualTLS,
                        observed: "\(call.description); \(connection.sentence)"))
            }
        }
    }

    private static func proveCaller(_ prover: Prover, _ judge: @escaping Judge) {
        guard let (frontend, cart) = prover.apart("frontend", "cart"), let intruder = prover.pods(app: "intruder").first
        else { return judge(.missing) }
        prover.call(from: frontend, "http://\(cart.address):8080/") { inside in
            prover.call(from: intruder, "http://\(frontend.address):8080/") { outside in
                let pairs = [(inside, frontend), (outside, intruder)]
                let seen = pairs.map { call, pod in
                    "\(pod.key) has \(pod.address), \(call.field("app") ?? "nobody") saw \(call.field("caller") ?? "nothing")"
                }
                judge(
                    Verdict(
                        isProved: pairs.allSatisfy { $0.field("caller") == $1.address.description },
                        observed: seen.joined(separator: "; ")))
            }
        }
    }

    // MARK: The wire

    private static func proveSecret(_ prover: Prover, _ judge: @escaping Judge) {
        guard let (frontend, cart) = prover.apart("frontend", "cart") else { return judge(.missing) }
        listen(prover, from: frontend, to: cart, judge) { payload, capture in
            let records = capture.encryptedSegments(port: MeshPort.inboundHBONE)
            let isReadable = capture.contains(payload)
            return Verdict(
                isProved: records > 0 && !isReadable,
                observed: "\(records) segments of TLS on port \(MeshPort.inboundHBONE), the payload "
                    + (isReadable ? "is among them in the clear" : "is in none of \(capture.segments.count) segments"))
        }
    }

    private static func proveControl(_ prover: Prover, _ judge: @escaping Judge) {
        guard let (intruder, frontend) = prover.apart("intruder", "frontend") else { return judge(.missing) }
        listen(prover, from: intruder, to: frontend, judge) { payload, capture in
            let isReadable = capture.contains(payload)
            return Verdict(
                isProved: isReadable,
                observed: "the payload \(isReadable ? "is there in the clear" : "is not to be found")")
        }
    }

    /// A call that carries a payload nobody else sends, and what the wire showed of it.
    private static func listen(
        _ prover: Prover, from source: RunningPod, to target: RunningPod, _ judge: @escaping Judge,
        _ assess: @escaping (String, PacketCapture) -> Verdict
    ) {
        let payload = "payload-" + StableHash("\(source.uid) \(target.uid)").text(13)
        var outcome: Prover.Call?
        prover.capture(on: source.node) { done in
            prover.call(from: source, "http://\(target.address):8080/echo?text=\(payload)") { call in
                outcome = call
                done()
            }
        } then: { capture in
            guard let capture, let outcome, outcome.field("echo") == payload else {
                return judge(Verdict(isProved: false, observed: outcome?.description ?? "nothing could be captured"))
            }
            var verdict = assess(payload, capture)
            verdict.observed =
                "\(source.key) sent \(payload) to \(target.key) and got it back; on the wire of \(source.node.name) "
                + verdict.observed
            judge(verdict)
        }
    }
}

extension ShopClaim.Verdict {
    fileprivate static let missing = Self(isProved: false, observed: "the pods for it are not there")

    fileprivate static func untold(_ call: Prover.Call) -> Self {
        Self(isProved: false, observed: "\(call.description); no proxy reported it")
    }

    /// A call that did not go as it should have.
    fileprivate init(_ call: Prover.Call) {
        self.init(isProved: false, observed: "\(call.description): \(call.output)")
    }
}

extension Connection {
    /// Whether both sides have told.
    fileprivate var isWhole: Bool { inbound != nil && outbound != nil }

    /// What the table says, in words.
    fileprivate var sentence: String {
        var words = ["table: \(source.title) → \(destination.title)"]
        words.append(isMutualTLS ? "mTLS \(tlsVersion) \(tlsCipher)" : "plaintext")
        words.append(verdict.word)
        if let policy { words.append("by \(policy)" + (policyRule.map { "[\($0)]" } ?? "")) }
        return words.joined(separator: ", ")
    }
}
