import Discovery

/// A text of several documents cut into them, so that one that is no YAML does not hide the others.
struct ManifestPieces: Equatable {
    let text: String
    let linesBefore: Int

    /// Cuts before each line that begins with `---`, which nothing within a document can.
    static func split(_ text: String) -> [ManifestPieces] {
        var pieces: [ManifestPieces] = []
        var lines: [Substring] = []
        var linesBefore = 0
        func isSeparator(_ line: Substring) -> Bool {
            line.hasPrefix("---") && line.dropFirst(3).first.map { $0.isWhitespace } ?? true
        }
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if isSeparator(line), !lines.isEmpty {
                pieces.append(ManifestPieces(text: lines.joined(separator: "\n") + "\n", linesBefore: linesBefore))
                linesBefore += lines.count
                lines = []
            }
            lines.append(line)
        }
        pieces.append(ManifestPieces(text: lines.joined(separator: "\n"), linesBefore: linesBefore))
        return pieces
    }
}

extension YAMLNode {
    /// The same that many lines further down.
    func moved(by lines: Int) -> YAMLNode {
        switch content {
        case .scalar: YAMLNode(content, line: line + lines)
        case .sequence(let items): YAMLNode(.sequence(items.map { $0.moved(by: lines) }), line: line + lines)
        case .mapping(let entries):
            YAMLNode(
                .mapping(
                    entries.map {
                        YAMLEntry(key: $0.key, line: $0.line + lines, value: $0.value.moved(by: lines))
                    }), line: line + lines)
        }
    }
}
