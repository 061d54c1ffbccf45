import Foundation

/// One caller that asks one server all the time, and what it was to expect.
final class Watch {
    private struct Question: Decodable {
        let begun: Double
        let ended: Double
        let text: String?
        let failure: String?
    }

    struct Findings {
        var admitted = 0
        var refused = 0
        /// Questions of a moment in which either may happen.
        var undecided = 0
        /// One sentence for each answer, or lack of one, that policy did not allow for.
        var wrong: [String] = []
    }

    let name: String
    var timeline: Timeline
    private let work: NamespaceMesh.Occupation<NamespaceMesh.Answer>

    init(
        _ mesh: NamespaceMesh, from caller: MeshPod, to server: MeshPod, seconds: Double, expecting: Timeline.Verdict
    ) throws {
        name = "\(caller.name) → \(server.name)"
        timeline = Timeline(expecting)
        work = try mesh.occupy(caller, "watch", server.address, seconds: seconds, ["--pause", "0.05"])
    }

    /// Waits for its end.
    func findings() throws -> Findings {
        _ = try work.summary()
        var findings = Findings()
        for line in work.lines { judge(try JSONDecoder().decode(Question.self, from: Data(line.utf8)), &findings) }
        return findings
    }

    private func judge(_ question: Question, _ findings: inout Findings) {
        let isAdmitted = question.text != nil
        let verdict = timeline.verdict(from: question.begun, to: question.ended)
        if isAdmitted { findings.admitted += 1 } else { findings.refused += 1 }
        switch verdict {
        case .either: findings.undecided += 1
        case .admitted where !isAdmitted:
            findings.wrong.append("\(name) at \(question.begun) should be admitted: \(question.failure ?? "")")
        case .refused where isAdmitted:
            findings.wrong.append("\(name) at \(question.begun) should be refused")
        case .admitted, .refused: break
        }
    }
}
