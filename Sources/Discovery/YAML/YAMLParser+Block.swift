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
}
