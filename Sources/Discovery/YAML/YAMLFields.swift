/// A mapping being read field by field: each is taken at most once, and what is left over in the end is an error that
/// names it.
///
/// A field without a value (`name:`, or `null`) is as good as absent, as in Kubernetes.
package struct YAMLFields {
    /// Of the mapping, such as `spec.ports[0]`; empty at the root.
    package let path: String
    package let line: Int
    private var entries: [YAMLEntry]
    private var asked: [String] = []

    /// - Throws: when `node` is not a mapping.
    package init(_ node: YAMLNode, path: String) throws(DocumentFault) {
        guard case .mapping(let entries) = node.content else {
            throw node.fault(at: path, "expected a mapping, found \(node.kind)")
        }
        self.entries = entries
        self.path = path
        line = node.line
    }

    package func path(of name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    package func fault(_ name: String, _ problem: String) -> DocumentFault {
        DocumentFault(line: line, field: path(of: name), problem: problem)
    }

    /// What has not been taken yet.
    package var remaining: [YAMLEntry] { entries }

    package var isEmpty: Bool { entries.isEmpty }

    /// Where a field that has not been taken yet is; that of the mapping when it is not there.
    package func line(of name: String) -> Int {
        entries.first { $0.key.text == name }?.line ?? line
    }

    /// The value of a field, out of the mapping.
    package mutating func take(_ name: String) -> YAMLNode? {
        asked.append(name)
        guard let index = entries.firstIndex(where: { $0.key.text == name }) else { return nil }
        let value = entries.remove(at: index).value
        return value.isNull ? nil : value
    }

    /// Fields that may be there and mean nothing here.
    package mutating func ignore(_ names: [String]) {
        entries.removeAll { names.contains($0.key.text) }
        asked += names
    }

    /// - Throws: when a field is left that nobody asked for.
    package func finish() throws(DocumentFault) {
        guard let stranger = entries.first else { return }
        let key = stranger.key.text
        let isPrintable = key.utf8.count <= 60 && key.utf8.allSatisfy { (0x21...0x7e).contains($0) }
        let field = isPrintable ? path(of: key) : path
        throw DocumentFault(
            line: stranger.line, field: field,
            problem: "expected a known field, found \(key.quoted)" + hint(for: key))
    }

    /// What may have been meant to be the field that is not there.
    private func misspelling(of name: String) -> String {
        let folded = name.utf8.map { $0 | 0x20 }
        let key = entries.lazy.map(\.key.text).first { key in
            key.utf8.count <= 60 && key.utf8.map { $0 | 0x20 }.differsLittle(from: folded)
        }
        return key.map { "; is \($0.quoted) meant to be it?" } ?? ""
    }

    private func hint(for key: String) -> String {
        let folded = key.utf8.prefix(60).map { $0 | 0x20 }
        if let meant = asked.first(where: { $0.utf8.map { $0 | 0x20 }.differsLittle(from: folded) }) {
            return "; is \"\(meant)\" meant?"
        }
        return asked.count > 24 ? "" : "; known are " + asked.sorted().joined(separator: ", ")
    }
}

// MARK: - Typed fields

extension YAMLFields {
    package mutating func string(_ name: String) throws(DocumentFault) -> String? {
        guard let node = take(name) else { return nil }
        return try node.string(at: path(of: name))
    }

    package mutating func requiredString(_ name: String) throws(DocumentFault) -> String {
        guard let text = try string(name), !text.isEmpty else {
            throw fault(name, "expected a text that is not empty" + misspelling(of: name))
        }
        return text
    }

    package mutating func boolean(_ name: String) throws(DocumentFault) -> Bool? {
        guard let node = take(name) else { return nil }
        return try node.boolean(at: path(of: name))
    }

    package mutating func integer(_ name: String, in range: ClosedRange<Int>) throws(DocumentFault) -> Int? {
        guard let node = take(name) else { return nil }
        return try node.integer(in: range, at: path(of: name))
    }

    package mutating func fields(_ name: String) throws(DocumentFault) -> YAMLFields? {
        guard let node = take(name) else { return nil }
        return try YAMLFields(node, path: path(of: name))
    }

    /// The items of a list, each read by `read`, which is given the item's path; empty when the field is absent.
    package mutating func list<Item>(
        _ name: String, _ read: (YAMLNode, String) throws(DocumentFault) -> Item
    ) throws(DocumentFault) -> [Item] {
        guard let node = take(name) else { return [] }
        return try node.list(at: path(of: name), read)
    }

    package mutating func strings(_ name: String) throws(DocumentFault) -> [String] {
        try list(name) { (node, path) throws(DocumentFault) in try node.string(at: path) }
    }

    /// A mapping whose keys are the user's: each read by `read`, which is given the key and the value's path.
    package mutating func map<Key: Hashable, Value>(
        _ name: String, _ read: (YAMLEntry, String) throws(DocumentFault) -> (Key, Value)
    ) throws(DocumentFault) -> [Key: Value] {
        guard let node = take(name) else { return [:] }
        return try node.map(at: path(of: name), read)
    }

    package mutating func stringMap(_ name: String) throws(DocumentFault) -> [String: String] {
        try map(name) { (entry, path) throws(DocumentFault) in
            (entry.key.text, try entry.value.string(at: path))
        }
    }

    /// One of the words of an enumeration, in any case of letters; `fallback` when absent.
    package mutating func word<Word: Sendable>(
        _ name: String, among words: [(String, Word)], else fallback: Word
    ) throws(DocumentFault) -> Word {
        guard let node = take(name) else { return fallback }
        return try node.word(among: words, at: path(of: name))
    }
}

extension [UInt8] {
    /// Whether one insertion, removal, change or exchange of neighbours at most makes one of the other.
    fileprivate func differsLittle(from other: [UInt8]) -> Bool {
        guard abs(count - other.count) <= 1, count > 2 else { return false }
        let head = zip(self, other).prefix { $0 == $1 }.count
        let tail = zip(self.reversed(), other.reversed()).prefix { $0 == $1 }.count
        let middle = Swift.max(count, other.count) - head - tail
        guard middle == 2, count == other.count else { return middle <= 1 }
        return self[head] == other[head + 1] && self[head + 1] == other[head]
    }
}
