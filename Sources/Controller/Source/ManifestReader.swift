import Discovery

/// What one file of manifests holds.
package struct ManifestFile: Hashable, Sendable {
    package var manifests: [Manifest] = []
    package var diagnostics: [ManifestDiagnostic] = []

    package init() {}

    /// Whether all of it could be read.
    package var isSound: Bool { !diagnostics.contains { $0.severity == .error } }

    /// Objects of which no more could be read than which they are.
    var unread: [ObjectReference] { diagnostics.isEmpty ? [] : diagnostics.compactMap(\.object) }
}

/// Reads the text of a file: YAML of one or several documents, or JSON; a `List` is its items.
///
/// Every document that is wrong is told, not only the first.
package struct ManifestReader {
    private let file: String
    private var result = ManifestFile()

    package static func read(_ text: String, file: String) -> ManifestFile {
        var reader = ManifestReader(file: file)
        do {
            for document in try YAMLParser.documents(in: text) { reader.read(document) }
        } catch {
            reader.readPieces(of: text, error)
        }
        return reader.result
    }

    /// Reads each document of a text that is no YAML as a whole by itself.
    private mutating func readPieces(of text: String, _ fault: DocumentFault) {
        let pieces = text.utf8.count <= YAMLLimits().bytes ? ManifestPieces.split(text) : []
        guard pieces.count > 1 else {
            return result.diagnostics.append(ManifestDiagnostic(.error, file: file, fault: fault))
        }
        for piece in pieces {
            do {
                for document in try YAMLParser.documents(in: piece.text) {
                    read(document.moved(by: piece.linesBefore))
                }
            } catch {
                result.diagnostics.append(
                    ManifestDiagnostic(
                        .error, file: file, line: error.line + piece.linesBefore, field: error.field,
                        problem: error.problem))
            }
        }
    }

    private init(file: String) { self.file = file }

    private mutating func read(_ document: YAMLNode) {
        do {
            var fields = try YAMLFields(document, path: "")
            let apiVersion = try fields.requiredString("apiVersion")
            let kind = try fields.requiredString("kind")
            if kind == "List", apiVersion == "v1" { return try readItems(&fields) }
            guard let object = try KubernetesObject(apiVersion: apiVersion, kind: kind, fields: &fields) else {
                return try passOver(kind, apiVersion: apiVersion, &fields)
            }
            result.manifests.append(Manifest(object: object, file: file, document: document))
        } catch {
            var diagnostic = ManifestDiagnostic(.error, file: file, fault: error)
            diagnostic.object = ObjectReference(identityOf: document)
            result.diagnostics.append(diagnostic)
        }
    }

    private mutating func readItems(_ fields: inout YAMLFields) throws(DocumentFault) {
        let items = try fields.list("items") { (node, _) throws(DocumentFault) in node }
        for item in items { read(item) }
    }

    /// A kind that Kubernetes or somebody else has. What nobody has is an error: a policy whose kind is misspelt, or half
    /// written, must not go unnoticed.
    private mutating func passOver(
        _ kind: String, apiVersion: String, _ fields: inout YAMLFields
    ) throws(DocumentFault) {
        let known = KubernetesObject.Kind.allCases.map(\.rawValue).joined(separator: ", ")
        let group = KubernetesObject.group(of: apiVersion)
        guard KnownKinds.mayExist(kind, inGroup: group) else {
            throw fields.fault(
                "kind", "expected a kind of \(apiVersion.quoted), found \(kind.quoted); read are \(known)")
        }
        _ = try fields.requiredFields("metadata")
        result.diagnostics.append(
            ManifestDiagnostic(
                .warning, file: file, line: fields.line, field: "kind",
                problem: "\(kind.quoted) of \(apiVersion.quoted) is not read here and has no effect; read are \(known)")
        )
    }
}

extension ObjectReference {
    /// Of a document that cannot be read as a whole; nil when it does not say so much.
    fileprivate init?(identityOf document: YAMLNode) {
        guard var fields = try? YAMLFields(document, path: ""), let apiVersion = try? fields.string("apiVersion"),
            let kind = (try? fields.string("kind")).flatMap({ $0.flatMap(KubernetesObject.Kind.init(rawValue:)) }),
            KubernetesObject.group(of: apiVersion) == kind.apiGroup,
            var metadata = try? fields.requiredFields("metadata"),
            let name = try? metadata.string("name"), ObjectName.isSubdomain(name),
            let namespace = try? metadata.string("namespace") ?? (kind.isNamespaced ? "default" : ""),
            kind.isNamespaced ? ObjectName.isLabel(namespace) : namespace.isEmpty
        else { return nil }
        self.init(kind: kind, namespace: namespace, name: name)
    }
}
