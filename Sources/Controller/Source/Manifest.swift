package import Discovery

/// An object as a file gives it.
package struct Manifest: Hashable, Sendable {
    package let object: KubernetesObject
    package let file: String
    /// What the object was read from, which knows the line of each field.
    package let document: YAMLNode

    package init(object: KubernetesObject, file: String, document: YAMLNode) {
        self.object = object
        self.file = file
        self.document = document
    }

    package var line: Int { document.line }

    /// A diagnostic about a field of this object, on the line of as much of its path as there is.
    package func diagnostic(
        _ severity: ManifestDiagnostic.Severity, field: String, problem: String
    ) -> ManifestDiagnostic {
        ManifestDiagnostic(severity, file: file, line: document.line(at: field), field: field, problem: problem)
    }
}

extension YAMLNode {
    /// Where the value at a path such as `spec.ports[0].port` is, or the nearest value around it.
    func line(at path: String) -> Int {
        var node = self
        var line = self.line
        for step in path.split(whereSeparator: { $0 == "." || $0 == "[" || $0 == "]" }) {
            switch node.content {
            case .mapping(let entries):
                guard let entry = entries.first(where: { $0.key.text == step }) else { return line }
                line = entry.line
                node = entry.value
            case .sequence(let items):
                guard let index = Int(step), items.indices.contains(index) else { return line }
                node = items[index]
                line = node.line
            case .scalar: return line
            }
        }
        return line
    }
}
