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

// MARK: - Block collections

extension YAMLParser {
    /// The value at the position, which is inside something indented by `parentIndent`.
    ///
    /// - Parameter sameLineAsKey: the value follows `key:` on its line, where no block collection may begin.
    mutating func node(parentIndent: Int, sameLineAsKey: Bool) throws(DocumentFault) -> YAMLNode {
        try countNode()
        let line = self.line
        guard let byte = peek(), !(column == 0 && isAtMarker) else {
            return YAMLNode(.scalar(YAMLScalar(text: "", style: .plain)), line: line)
        }
        switch byte {
        case UInt8(ascii: "|"), UInt8(ascii: ">"):
            return YAMLNode(.scalar(try blockScalar(parentIndent: parentIndent)), line: line)
        case UInt8(ascii: "["), UInt8(ascii: "{"):
            let collection = try flowCollection()
            skipBlanks()
            if peek() == UInt8(ascii: ":") { throw fault("expected a scalar as a key, found a collection") }
            try expectLineEnd()
            return collection
        case UInt8(ascii: "-") where isBlankOrEnd(at: position + 1):
            if sameLineAsKey { throw fault("expected the list to begin on a line of its own") }
            return try blockSequence()
        default:
            return try scalarOrMapping(parentIndent: parentIndent, sameLineAsKey: sameLineAsKey)
        }
    }

    private mutating func scalarOrMapping(
        parentIndent: Int, sameLineAsKey: Bool
    ) throws(DocumentFault) -> YAMLNode {
        let line = self.line
        let start = position
        let indent = column
        let scalar = try scalar(parentIndent: parentIndent)
        let endsOnItsLine = self.line == line
        guard endsOnItsLine, isAtKeyColon else {
            try expectLineEnd()
            return YAMLNode(.scalar(scalar), line: line)
        }
        if sameLineAsKey { throw fault("expected one value, found another key; put quotes around text with \": \"") }
        try checkIndentation(before: start)
        return YAMLNode(.mapping(try blockMapping(indent: indent, firstKey: scalar, keyLine: line)), line: line)
    }

    /// The entries from the position, which is after the first key and before its colon.
    private mutating func blockMapping(
        indent: Int, firstKey: YAMLScalar, keyLine: Int
    ) throws(DocumentFault) -> [YAMLEntry] {
        try enter()
        var entries: [YAMLEntry] = []
        var seen = Set<String>()
        var key = firstKey
        var keyLine = keyLine
        while true {
            guard seen.insert(key.text).inserted else {
                throw DocumentFault(
                    line: keyLine, field: "", problem: "expected each key once, found \(key.text.quoted) again")
            }
            position += 1
            entries.append(YAMLEntry(key: key, line: keyLine, value: try mappingValue(indent: indent)))
            try reachContent()
            guard !isAtEnd, !isAtMarker, column >= indent else { break }
            guard column == indent else { throw fault("expected a key indented by \(indent), found \(column)") }
            keyLine = line
            key = try followingKey()
        }
        leave()
        return entries
    }

    private mutating func followingKey() throws(DocumentFault) -> YAMLScalar {
        try checkIndentation(before: position)
        let line = self.line
        if peek() == UInt8(ascii: "-"), isBlankOrEnd(at: position + 1) {
            throw fault("expected a key, found an item of a list")
        }
        guard peek() != UInt8(ascii: "["), peek() != UInt8(ascii: "{") else {
            throw fault("expected a scalar as a key, found a collection")
        }
        try countNode()
        let key = try scalar(parentIndent: Int.max)
        guard self.line == line, isAtKeyColon else {
            throw DocumentFault(
                line: line, field: "", problem: "expected \":\" after the key \(YAMLScalar.excerpt(key.text))")
        }
        return key
    }

    /// What follows the colon of a key that is indented by `indent`.
    private mutating func mappingValue(indent: Int) throws(DocumentFault) -> YAMLNode {
        let keyLine = line
        try reachContent()
        if line == keyLine, !isAtEnd { return try node(parentIndent: indent, sameLineAsKey: true) }
        let isSequenceBesideKey = column == indent && peek() == UInt8(ascii: "-") && isBlankOrEnd(at: position + 1)
        guard !isAtEnd, !isAtMarker, column > indent || isSequenceBesideKey else {
            try countNode()
            return YAMLNode(.scalar(YAMLScalar(text: "", style: .plain)), line: keyLine)
        }
        return try node(parentIndent: indent, sameLineAsKey: false)
    }

    private mutating func blockSequence() throws(DocumentFault) -> YAMLNode {
        try enter()
        try checkIndentation(before: position)
        let line = self.line
        let indent = column
        var items: [YAMLNode] = []
        while true {
            position += 1
            items.append(try sequenceItem(indent: indent))
            try reachContent()
            guard !isAtEnd, !isAtMarker, column >= indent else { break }
            guard column == indent else { throw fault("expected an item indented by \(indent), found \(column)") }
            guard peek() == UInt8(ascii: "-"), isBlankOrEnd(at: position + 1) else { break }
            try checkIndentation(before: position)
        }
        leave()
        return YAMLNode(.sequence(items), line: line)
    }

    private mutating func sequenceItem(indent: Int) throws(DocumentFault) -> YAMLNode {
        let dashLine = line
        try reachContent()
        guard !isAtEnd, !isAtMarker, line == dashLine || column > indent else {
            try countNode()
            return YAMLNode(.scalar(YAMLScalar(text: "", style: .plain)), line: dashLine)
        }
        return try node(parentIndent: indent, sameLineAsKey: false)
    }

    /// Whether a key has just ended: blanks, then a colon with a blank or the line's end behind it.
    var isAtKeyColon: Bool {
        peek() == UInt8(ascii: ":") && isBlankOrEnd(at: position + 1)
    }

    /// Spaces alone may stand before a key or an item (YAML 1.2 §6.1); dashes and their spaces count.
    private func checkIndentation(before start: Int) throws(DocumentFault) {
        guard !bytes[lineStart..<start].contains(0x09) else {
            throw fault("expected spaces as indentation, found a tab")
        }
    }

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
