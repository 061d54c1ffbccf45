/// Reads YAML 1.2 as people and programs write it for Kubernetes: block and flow collections, all styles of scalars,
/// comments, several documents.
///
/// Refused, with the line: anchors, aliases, tags, keys that are not scalars, a key given twice, tabs as indentation. So no
/// document can grow while it is read, and time and memory stay proportional to its size.
///
/// It keeps one position and never goes back over more than the blanks before it.
package struct YAMLParser {
    let bytes: [UInt8]
    let limits: YAMLLimits
    var position = 0
    /// Counted from 1.
    var line = 1
    /// Where the current line began.
    var lineStart = 0
    private var depth = 0
    private var nodeCount = 0

    /// Every document of `text` that is not empty.
    package static func documents(
        in text: String, limits: YAMLLimits = YAMLLimits()
    ) throws(DocumentFault) -> [YAMLNode] {
        guard text.utf8.count <= limits.bytes else {
            throw DocumentFault(
                line: 1, field: "", problem: "expected at most \(limits.bytes) bytes, found \(text.utf8.count)")
        }
        var parser = YAMLParser(bytes: Array(text.utf8), limits: limits)
        return try parser.documents()
    }

    private init(bytes: [UInt8], limits: YAMLLimits) {
        self.bytes = bytes
        self.limits = limits
    }
}

// MARK: - Documents

extension YAMLParser {
    private mutating func documents() throws(DocumentFault) -> [YAMLNode] {
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) {
            position = 3
            lineStart = 3
        }
        try checkCharacters()
        var documents: [YAMLNode] = []
        while try reachDocument() {
            let document = try node(parentIndent: -1, sameLineAsKey: false)
            if !document.isNull { documents.append(document) }
            try reachContent()
            guard isAtEnd || isAtMarker else { throw fault("expected the end of the document, or less indentation") }
        }
        return documents
    }

    /// C0 controls but tab and line ends, and DEL, have no place in YAML (1.2 §5.1).
    private func checkCharacters() throws(DocumentFault) {
        var line = 1
        for byte in bytes {
            if byte == 0x0a { line += 1 }
            guard byte >= 0x20 && byte != 0x7f || byte == 0x09 || byte == 0x0a || byte == 0x0d else {
                throw DocumentFault(line: line, field: "", problem: "expected text, found a control character")
            }
        }
    }

    /// Goes over directives and markers to where a document's content begins; false at the end of the text.
    private mutating func reachDocument() throws(DocumentFault) -> Bool {
        var sawStart = false
        while true {
            try reachContent()
            if isAtEnd { return false }
            if isAtMarker {
                if sawStart && bytes[position] == UInt8(ascii: "-") { sawStart = false }
                sawStart = bytes[position] == UInt8(ascii: "-")
                position += 3
                skipBlanks()
                if sawStart, !isAtLineEnd, peek() != UInt8(ascii: "#") { return true }
                continue
            }
            guard column == 0, peek() == UInt8(ascii: "%") else { return true }
            guard !sawStart, bytes[position...].starts(with: Array("%YAML ".utf8)) else {
                throw fault("expected no directive but %YAML")
            }
            skipLine()
        }
    }

    /// Whether `---` or `...` stands alone at the start of the line.
    var isAtMarker: Bool {
        guard column == 0, position + 3 <= bytes.count else { return false }
        let byte = bytes[position]
        guard byte == UInt8(ascii: "-") || byte == UInt8(ascii: "."), bytes[position + 1] == byte,
            bytes[position + 2] == byte
        else { return false }
        return isBlankOrEnd(at: position + 3)
    }
}

// MARK: - Bounds

extension YAMLParser {
    mutating func enter() throws(DocumentFault) {
        depth += 1
        guard depth <= limits.depth else { throw fault("expected at most \(limits.depth) levels of nesting") }
    }

    mutating func leave() { depth -= 1 }

    mutating func countNode() throws(DocumentFault) {
        nodeCount += 1
        guard nodeCount <= limits.nodes else { throw fault("expected at most \(limits.nodes) values") }
    }
}

// MARK: - The position

extension YAMLParser {
    /// Bytes between the line's start and the position.
    var column: Int { position - lineStart }

    var isAtEnd: Bool { position >= bytes.count }

    func peek(_ offset: Int = 0) -> UInt8? {
        position + offset < bytes.count ? bytes[position + offset] : nil
    }

    var isAtLineEnd: Bool { isLineEnd(at: position) }

    func isLineEnd(at index: Int) -> Bool {
        index >= bytes.count || bytes[index] == 0x0a || bytes[index] == 0x0d
    }

    func isBlank(at index: Int) -> Bool {
        index < bytes.count && (bytes[index] == 0x20 || bytes[index] == 0x09)
    }

    func isBlankOrEnd(at index: Int) -> Bool { isBlank(at: index) || isLineEnd(at: index) }

    mutating func skipBlanks() {
        while isBlank(at: position) { position += 1 }
    }

    /// To the next line's start, over LF, CR LF or CR; nothing at the end of the text.
    mutating func takeLineEnd() {
        guard !isAtEnd else { return }
        position += bytes[position] == 0x0d && peek(1) == 0x0a ? 2 : 1
        line += 1
        lineStart = position
    }

    mutating func skipLine() {
        while !isAtLineEnd { position += 1 }
        takeLineEnd()
    }

    /// Over blanks, comments and line ends to the next content.
    mutating func reachContent() throws(DocumentFault) {
        while !isAtEnd {
            let isAfterBlank = column == 0 || isBlank(at: position - 1)
            switch bytes[position] {
            case 0x20, 0x09: position += 1
            case 0x0a, 0x0d: takeLineEnd()
            case UInt8(ascii: "#") where isAfterBlank:
                while !isAtLineEnd { position += 1 }
            default: return
            }
        }
    }

    /// Nothing but blanks and a comment may follow on this line.
    mutating func expectLineEnd() throws(DocumentFault) {
        skipBlanks()
        if isAtLineEnd { return }
        guard peek() == UInt8(ascii: "#"), isBlank(at: position - 1) else {
            throw fault("expected the end of the line after the value")
        }
    }

    func fault(_ problem: String) -> DocumentFault {
        DocumentFault(line: line, field: "", problem: problem)
    }
}

extension String {
    /// An excerpt in quotes, safe to print.
    package var quoted: String { YAMLScalar.excerpt(self) }
}
