import Discovery

/// The fields that a published kind has, as a tree of names: what may stand in a manifest whether it is acted on here or not.
///
/// Written as names with blanks between; behind a name, `{…}` holds the fields of a mapping, `[…]` those of each item of a list.
/// A name with neither holds anything.
struct PublishedShape: Sendable {
    private enum Content: Sendable {
        case anything
        case mapping(PublishedShape)
        case list(PublishedShape)
    }

    private var fields: [String: Content] = [:]

    init(_ text: String) {
        var rest = Substring(text)
        self.init(reading: &rest)
    }

    private init(reading rest: inout Substring) {
        while true {
            rest = rest.drop { $0 == " " || $0 == "\n" }
            let name = rest.prefix { !" \n{}[]".contains($0) }
            guard !name.isEmpty else { break }
            rest = rest.dropFirst(name.count)
            fields[String(name)] = Self.content(&rest)
        }
        rest = rest.dropFirst()
    }

    private static func content(_ rest: inout Substring) -> Content {
        switch rest.first {
        case "{":
            rest = rest.dropFirst()
            return .mapping(PublishedShape(reading: &rest))
        case "[":
            rest = rest.dropFirst()
            return .list(PublishedShape(reading: &rest))
        default: return .anything
        }
    }

    /// - Throws: for a field that the kind does not have, or a value that is no mapping or list where it has one.
    func check(_ node: YAMLNode, at path: String) throws(DocumentFault) {
        var known = try YAMLFields(node, path: path)
        for entry in known.remaining {
            guard let content = fields[entry.key.text] else { continue }
            guard !entry.value.isNull else { continue }
            let path = known.path(of: entry.key.text)
            switch content {
            case .anything: break
            case .mapping(let shape): try shape.check(entry.value, at: path)
            case .list(let shape):
                _ = try entry.value.list(at: path) { (item, path) throws(DocumentFault) in
                    try shape.check(item, at: path)
                }
            }
        }
        known.ignore(fields.keys.sorted())
        try known.finish()
    }
}

extension YAMLFields {
    /// The mapping `spec`, all of whose fields the shape has.
    mutating func spec(of shape: PublishedShape) throws(DocumentFault) -> (fields: YAMLFields, node: YAMLNode) {
        guard let node = take("spec") else { throw fault("spec", "expected a mapping, found nothing") }
        try shape.check(node, at: path(of: "spec"))
        return (try YAMLFields(node, path: path(of: "spec")), node)
    }
}

extension YAMLNode {
    /// Equal for values that mean the same, wherever they stand and however they are written: without lines, texts in quotes,
    /// keys in order.
    var normalized: YAMLNode {
        switch content {
        case .scalar(let scalar): YAMLNode(.scalar(scalar.normalized))
        case .sequence(let items): YAMLNode(.sequence(items.map(\.normalized)))
        case .mapping(let entries):
            YAMLNode(
                .mapping(
                    entries.sorted { $0.key.text < $1.key.text }.map {
                        YAMLEntry(key: YAMLScalar(text: $0.key.text, style: .quoted), value: $0.value.normalized)
                    }))
        }
    }
}

extension YAMLScalar {
    fileprivate var normalized: YAMLScalar { string.map { YAMLScalar(text: $0, style: .quoted) } ?? self }
}
