/// Something in an object, or in a file, that is not or not wholly as its author may think.
package struct RemarkDescription: Codable, Hashable, Sendable {
    /// `error` or `warning`.
    package let severity: String
    /// Such as `spec.rules[0]`; empty when it is about the whole.
    package let field: String
    package let problem: String

    package init(_ diagnostic: TranslationDiagnostic) {
        severity = diagnostic.severity.rawValue
        field = diagnostic.field
        problem = diagnostic.problem
    }
}

/// What cannot be read in a source's files.
package struct ProblemDescription: Codable, Hashable, Sendable {
    package let file: String
    /// Counted from 1; 0 when it is about the file as a whole.
    package let line: Int
    package let field: String
    package let problem: String
    /// All of it in one line: `file:line: field: problem`.
    package let text: String

    package init(_ diagnostic: ManifestDiagnostic) {
        file = diagnostic.file
        line = diagnostic.line
        field = diagnostic.field
        problem = diagnostic.problem
        text = "\(diagnostic)"
    }
}
