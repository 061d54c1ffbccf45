/// What is wrong in a document, and where.
package struct DocumentFault: Error, Hashable, Sendable {
    /// Counted from 1.
    package let line: Int
    /// The path of the field, such as `spec.ports[0].port`; empty when the text is not even YAML.
    package let field: String
    /// What was expected there, and what was found.
    package let problem: String

    package init(line: Int, field: String, problem: String) {
        self.line = line
        self.field = field
        self.problem = problem
    }
}

extension DocumentFault: CustomStringConvertible {
    package var description: String {
        field.isEmpty ? "\(line): \(problem)" : "\(line): \(field): \(problem)"
    }
}
