import Controller
import Foundation
package import Playground

/// `slipstream wait`: until what an object says now is in force everywhere.
package struct Wait {
    /// The longest that the controller keeps an answer back for us; after that it is asked again.
    private static let askSeconds = 60.0
    private static let retrySeconds = 0.2

    private let selection: ObjectSelection
    private let timeout: TimeLimit
    private let format: OutputFormat

    package init(
        _ words: [String], namespace: String, timeout: TimeLimit, format: OutputFormat
    ) throws(CommandFailure) {
        selection = try ObjectSelection(words, namespace: namespace)
        self.timeout = timeout
        self.format = format
        for case .all(let kind, _) in selection.members {
            throw CommandFailure("expected the name of the \(kind.rawValue) to wait for")
        }
    }

    package func run(_ client: ControllerClient) throws(CommandFailure) -> Int32 {
        let deadline = Date().timeIntervalSince1970 + timeout.seconds
        for case .object(let reference) in selection.members {
            let verdict = try wait(for: reference, until: deadline, client)
            guard let verdict, verdict.enforced else { throw try explain(reference, verdict, client) }
            report(verdict, reference)
        }
        return 0
    }

    /// Nil when there is no such object, or nothing of it that could be in force.
    private func wait(
        for reference: ObjectReference, until deadline: Double, _ client: ControllerClient
    ) throws(CommandFailure) -> EnforcementDescription? {
        while true {
            let left = max(0, deadline - Date().timeIntervalSince1970)
            var parameters = reference.parameters
            parameters["wait"] = String(format: "%.3f", min(left, Self.askSeconds))
            do throws(CommandFailure) {
                let verdict = try client.ask(
                    EnforcementDescription.self, "/api/enforcement", parameters, waitSeconds: min(left, Self.askSeconds)
                )
                if verdict?.enforced == true || left <= Self.askSeconds { return verdict }
            } catch {
                // One that is being started again will answer.
                guard left > Self.retrySeconds else { throw error }
                Thread.sleep(forTimeInterval: Self.retrySeconds)
            }
        }
    }

    private func report(_ verdict: EnforcementDescription, _ reference: ObjectReference) {
        let name = "\(reference.kind.rawValue.lowercased())/\(reference.name)"
        let text =
            verdict.total == 0
            ? "\(name) has no proxy to be enforced by at present"
            : "\(name) is enforced by \(verdict.tally) \(verdict.total == 1 ? "proxy" : "proxies")"
        StandardOutput.write(
            format.structured(verdict)
                ?? (format == .name ? "\(name)\n" : "\(text) (version \(verdict.version.prefix(12)))\n"))
    }

    private func explain(
        _ reference: ObjectReference, _ verdict: EnforcementDescription?, _ client: ControllerClient
    ) throws(CommandFailure) -> CommandFailure {
        let mesh = try client.require(MeshDescription.self, "/api/status")
        let problems = mesh.listed ? mesh.problems.map { "\n    \($0.text)" } : []
        let unread = problems.isEmpty ? "" : "\nwhat cannot be read is not waited for:" + problems.joined()
        guard let verdict else {
            let all = try client.names(of: reference.kind, in: nil)
            guard all.contains(reference) else {
                return CommandFailure("after \(timeout) \(try client.missing(reference, among: all))\(unread)")
            }
            return CommandFailure("\(reference) is there, but says nothing that proxies enforce\(unread)")
        }
        if let obstacle = verdict.obstacle {
            return CommandFailure("\(reference) is enforced nowhere after \(timeout): \(obstacle)\(unread)")
        }
        let who = verdict.laggards.map { "\n    \($0.sentence)" }.joined()
        return CommandFailure(
            "\(reference) is not enforced everywhere after \(timeout): \(verdict.tally) proxies\(who)\(unread)")
    }
}

/// How long something may take: `30s`, `500ms`, `2m`, `1h30m`; a number alone is of seconds.
package struct TimeLimit: Hashable, Sendable, CustomStringConvertible {
    package static let standard = TimeLimit(seconds: 30)
    package static let long = TimeLimit(seconds: 60)

    package let seconds: Double
    package let description: String

    private static let units: [String: Double] = ["ms": 0.001, "s": 1, "m": 60, "h": 3600]
    private static let limitSeconds = 86_400.0 * 7

    private init(seconds: Int) {
        self.seconds = Double(seconds)
        description = "\(seconds)s"
    }

    /// Nil for what is no time, or is longer than a week.
    package init?(_ text: String) {
        var rest = text[...]
        var seconds = 0.0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
            let unit = rest.dropFirst(number.count).prefix { $0.isLetter }
            guard let value = Double(number), let factor = unit.isEmpty ? 1 : Self.units[String(unit)] else {
                return nil
            }
            guard !unit.isEmpty || number.count == text.count else { return nil }
            seconds += value * factor
            rest = rest.dropFirst(number.count + unit.count)
        }
        guard seconds <= Self.limitSeconds else { return nil }
        self.seconds = seconds
        description = text.last?.isLetter == true ? text : "\(text)s"
    }
}
