/// Why one resource was rejected. What is left of it is not used: a policy without the part that could not be read
/// might admit more than it was meant to.
package struct ResourceFault: Error, Hashable, CustomStringConvertible {
    /// Where, in the names of the message: `rules[0].clauses[1].matches[0].principals[2]`.
    package let field: String
    package let problem: String

    package init(field: String, problem: String) {
        self.field = field
        self.problem = problem
    }

    package var description: String { "\(field) \(problem)" }
}

extension String {
    /// As an error may quote it: not long, on one line.
    var excerpt: String { String(unicodeScalars.prefix(64)).debugDescription + (utf8.count > 64 ? "…" : "") }
}

extension ResourceFault {
    static func unknown(_ field: String, _ value: Int) -> ResourceFault {
        ResourceFault(field: field, problem: "has the unknown value \(value)")
    }

    static func missing(_ field: String) -> ResourceFault { ResourceFault(field: field, problem: "is missing") }
}
