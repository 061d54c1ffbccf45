/// One value of a YAML document, with the place it was read from.
package struct YAMLNode: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        case scalar(YAMLScalar)
        case sequence([YAMLNode])
        /// In the document's order; no key occurs twice.
        case mapping([YAMLEntry])
    }

    package var content: Content
    /// Counted from 1; 0 for a value that was not read from a document.
    package var line: Int

    package init(_ content: Content, line: Int = 0) {
        self.content = content
        self.line = line
    }

    /// Whether it stands for "nothing here": an empty plain scalar, `~` or `null`.
    package var isNull: Bool {
        guard case .scalar(let scalar) = content else { return false }
        return scalar.isNull
    }

    /// What it is, for an error that says what was found.
    package var kind: String {
        switch content {
        case .scalar(let scalar): scalar.kind
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

/// A key of a mapping with its value.
package struct YAMLEntry: Hashable, Sendable {
    package var key: YAMLScalar
    package var line: Int
    package var value: YAMLNode

    package init(key: YAMLScalar, line: Int = 0, value: YAMLNode) {
        self.key = key
        self.line = line
        self.value = value
    }
}

extension YAMLNode {
    package static func text(_ text: String) -> YAMLNode {
        YAMLNode(.scalar(YAMLScalar(text: text, style: .quoted)))
    }

    /// A number, a boolean or another value whose text is plain.
    package static func literal(_ value: some LosslessStringConvertible) -> YAMLNode {
        YAMLNode(.scalar(YAMLScalar(text: value.description, style: .plain)))
    }

    package static func list(_ nodes: [YAMLNode]) -> YAMLNode { YAMLNode(.sequence(nodes)) }

    /// The pairs that have a value, in this order.
    package static func fields(_ pairs: KeyValuePairs<String, YAMLNode?>) -> YAMLNode {
        YAMLNode(
            .mapping(
                pairs.compactMap { key, value in
                    value.map { YAMLEntry(key: YAMLScalar(text: key, style: .quoted), value: $0) }
                }))
    }
}
