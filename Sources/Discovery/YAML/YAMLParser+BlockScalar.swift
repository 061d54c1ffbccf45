extension YAMLParser {
    private enum Chomping { case strip, clip, keep }

    /// A literal (`|`) or folded (`>`) scalar inside something indented by `parentIndent`.
    mutating func blockScalar(parentIndent: Int) throws(DocumentFault) -> YAMLScalar {
        let isFolded = peek() == UInt8(ascii: ">")
        position += 1
        let (chomping, extraIndent) = try blockHeader()
        let indent = extraIndent.map { max(parentIndent, 0) + $0 } ?? detectedIndent(parentIndent: parentIndent)
        let text = blockText(indent: indent, isFolded: isFolded, chomping: chomping)
        return YAMLScalar(text: String(decoding: text, as: UTF8.self), style: .quoted)
    }

    private mutating func blockHeader() throws(DocumentFault) -> (Chomping, extraIndent: Int?) {
        var chomping: Chomping?
        var indent: Int?
        while let byte = peek(), !isBlankOrEnd(at: position) {
            switch byte {
            case UInt8(ascii: "+") where chomping == nil: chomping = .keep
            case UInt8(ascii: "-") where chomping == nil: chomping = .strip
            case UInt8(ascii: "1")...UInt8(ascii: "9") where indent == nil: indent = Int(byte - UInt8(ascii: "0"))
            default: throw fault("expected +, - or one digit after | or >")
            }
            position += 1
        }
        try expectLineEnd()
        skipLine()
        return (chomping ?? .clip, indent)
    }

    /// That of the first line with text, as long as it is more than `parentIndent`.
    private func detectedIndent(parentIndent: Int) -> Int {
        var index = position
        var indent = max(parentIndent + 1, 1)
        while index < bytes.count {
            let start = index
            while index < bytes.count, bytes[index] == 0x20 { index += 1 }
            indent = max(indent, index - start)
            guard index < bytes.count, isLineEnd(at: index) else { break }
            index += 1
        }
        return indent
    }

    private mutating func blockText(indent: Int, isFolded: Bool, chomping: Chomping) -> [UInt8] {
        var text: [UInt8] = []
        var hasLine = false
        var isEnded = false
        var wasIndentedMore = false
        var emptyLines = 0
        while let content = blockLine(indent: indent) {
            guard !content.isEmpty else {
                emptyLines += 1
                continue
            }
            let isIndentedMore = isBlank(at: content.lowerBound)
            if hasLine {
                let joins = isFolded && !wasIndentedMore && !isIndentedMore
                if !joins { text.append(0x0a) } else if emptyLines == 0 { text.append(0x20) }
            }
            text += repeatElement(0x0a, count: emptyLines)
            text += bytes[content]
            hasLine = true
            isEnded = column == 0
            wasIndentedMore = isIndentedMore
            emptyLines = 0
        }
        if chomping != .strip, hasLine, isEnded { text.append(0x0a) }
        if chomping == .keep { text += repeatElement(0x0a, count: emptyLines) }
        return text
    }

    /// The next line less its indentation; nil, and the position stays at its start, if it is not part of the scalar.
    private mutating func blockLine(indent: Int) -> Range<Int>? {
        guard !isAtEnd else { return nil }
        var start = position
        while start < bytes.count, start - position < indent, bytes[start] == 0x20 { start += 1 }
        guard start - position == indent || isLineEnd(at: start) else { return nil }
        guard start < bytes.count else {
            position = start
            return nil
        }
        position = start
        while !isAtLineEnd { position += 1 }
        let content = start..<position
        takeLineEnd()
        return content
    }
}
