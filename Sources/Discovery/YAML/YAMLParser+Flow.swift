extension YAMLParser {
    /// `[…]` or `{…}` from its bracket. JSON is read by this.
    mutating func flowCollection() throws(DocumentFault) -> YAMLNode {
        try enter()
        let line = self.line
        let isList = peek() == UInt8(ascii: "[")
        position += 1
        let content: YAMLNode.Content = isList ? .sequence(try flowItems()) : .mapping(try flowEntries())
        leave()
        return YAMLNode(content, line: line)
    }

    private mutating func flowNode() throws(DocumentFault) -> YAMLNode {
        try countNode()
        if peek() == UInt8(ascii: "[") || peek() == UInt8(ascii: "{") { return try flowCollection() }
        let line = self.line
        return YAMLNode(.scalar(try scalar(parentIndent: -1, inFlow: true)), line: line)
    }

    private mutating func flowItems() throws(DocumentFault) -> [YAMLNode] {
        var items: [YAMLNode] = []
        try reachFlowContent()
        while peek() != UInt8(ascii: "]") {
            items.append(try flowNode())
            try takeSeparator(closing: UInt8(ascii: "]"))
        }
        position += 1
        return items
    }

    private mutating func flowEntries() throws(DocumentFault) -> [YAMLEntry] {
        var entries: [YAMLEntry] = []
        var seen = Set<String>()
        try reachFlowContent()
        while peek() != UInt8(ascii: "}") {
            let entry = try flowEntry()
            guard seen.insert(entry.key.text).inserted else {
                throw DocumentFault(
                    line: entry.line, field: "",
                    problem: "expected each key once, found \(entry.key.text.quoted) again")
            }
            entries.append(entry)
            try takeSeparator(closing: UInt8(ascii: "}"))
        }
        position += 1
        return entries
    }

    private mutating func flowEntry() throws(DocumentFault) -> YAMLEntry {
        let keyLine = line
        try countNode()
        let key = try scalar(parentIndent: -1, inFlow: true)
        try reachFlowContent()
        let empty = YAMLNode(.scalar(YAMLScalar(text: "", style: .plain)), line: keyLine)
        guard peek() == UInt8(ascii: ":") else { return YAMLEntry(key: key, line: keyLine, value: empty) }
        position += 1
        try reachFlowContent()
        if peek() == UInt8(ascii: ",") || peek() == UInt8(ascii: "}") {
            return YAMLEntry(key: key, line: keyLine, value: empty)
        }
        return YAMLEntry(key: key, line: keyLine, value: try flowNode())
    }

    /// Over a comma to the next item, or to the closing bracket.
    private mutating func takeSeparator(closing: UInt8) throws(DocumentFault) {
        try reachFlowContent()
        if peek() == closing { return }
        guard peek() == UInt8(ascii: ",") else {
            throw fault("expected \",\" or \(String(decoding: [closing], as: UTF8.self).quoted)")
        }
        position += 1
        try reachFlowContent()
    }

    private mutating func reachFlowContent() throws(DocumentFault) {
        try reachContent()
        guard !isAtEnd, !isAtMarker else { throw fault("expected the closing bracket of the list or mapping") }
    }
}
