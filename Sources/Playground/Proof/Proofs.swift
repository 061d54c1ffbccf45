/// The claims of the shop's world, proved one after the other once it is in force. Each tells what was done and what was
/// observed.
final class Proofs {
    private enum Progress { case notBegun, waiting, over }

    private let display: any Display
    private let claims: [ShopClaim]
    private var prover: Prover?
    private var next = 0
    private var progress = Progress.notBegun
    private(set) var results: [WorldStatus.Proof] = []

    init(_ claims: [ShopClaim], display: any Display) {
        self.claims = claims
        self.display = display
    }

    var isOver: Bool { progress == .over }
    var hasFailed: Bool { results.contains { !$0.isProved } }

    /// Begins the next one, unless one is being proved.
    func step(_ world: World) {
        guard progress == .notBegun else { return }
        guard next < claims.count else {
            progress = .over
            return
        }
        let claim = claims[next]
        next += 1
        progress = .waiting
        let prover = prover ?? Prover(world)
        self.prover = prover
        claim.prove(prover) { [weak self] verdict in self?.finished(claim, verdict) }
    }

    private func finished(_ claim: ShopClaim, _ verdict: ShopClaim.Verdict) {
        guard progress == .waiting else { return }
        let proof = WorldStatus.Proof(
            claim: claim.text, outcome: verdict.isProved ? "proved" : "not proved", observed: verdict.observed)
        results.append(proof)
        display.show(proof)
        progress = .notBegun
    }
}

extension WorldStatus.Proof {
    var isProved: Bool { outcome == "proved" }
}
