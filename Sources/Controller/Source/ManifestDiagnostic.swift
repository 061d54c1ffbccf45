package import Discovery

/// Something to tell about a manifest, and where it is.
package struct ManifestDiagnostic: Hashable, Sendable {
    package enum Severity: String, Hashable, Sendable {
        /// It is read, and a part of it means nothing here.
        case warning
        /// It cannot be taken as it is.
        case error
    }

    package let severity: Severity
    package let file: String
    /// Counted from 1; 0 when it is about the file as a whole.
    package let line: Int
    /// The path of the field, such as `spec.ports[0].port`; may be empty.
    package let field: String
    /// What was expected, and what was found.
    package let problem: String
    /// Which object cannot be read, when so much of it can.
    package var object: ObjectReference?

    package init(_ severity: Severity, file: String, line: Int, field: String, problem: String) {
        self.severity = severity
        self.file = file
        self.line = line
        self.field = field
        self.problem = problem
    }

    package init(_ severity: Severity, file: String, fault: DocumentFault) {
        self.init(severity, file: file, line: fault.line, field: fault.field, problem: fault.problem)
    }
}

extension ManifestDiagnostic: CustomStringConvertible {
    /// `file:line: field: what was expected`, and `warning:` behind the place if it is one.
    package var description: String {
        let place = line > 0 ? "\(file):\(line): " : "\(file): "
        return place + (severity == .warning ? "warning: " : "") + (field.isEmpty ? "" : "\(field): ") + problem
    }
}
