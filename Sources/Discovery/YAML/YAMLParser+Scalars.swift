extension YAMLParser {
    /// A plain or quoted scalar, over several lines as long as they are indented by more than `parentIndent`. The position
    /// is then behind it and the blanks after it.
    mutating func scalar(parentIndent: Int, inFlow: Bool = false) throws(DocumentFault) -> YAMLScalar {
        guard let byte = peek() else { throw fault("expected a value, found the end of the text") }
        switch byte {
        case UInt8(ascii: "\""):
            return YAMLScalar(text: try doubleQuoted(parentIndent: parentIndent), style: .quoted)
        case UInt8(ascii: "'"):
            return YAMLScalar(text: try singleQuoted(parentIndent: parentIndent), style: .quoted)
        case UInt8(ascii: "&"), UInt8(ascii: "*"):
            throw fault("expected a value, found an anchor or alias; write the value out, or quote the text")
        case UInt8(ascii: "!"):
            throw fault("expected a value, found a tag; leave it out, or quote the text")
        case UInt8(ascii: "-"), UInt8(ascii: "?"), UInt8(ascii: ":"):
            guard !isBlankOrEnd(at: position + 1), !(inFlow && isFlowIndicator(at: position + 1)) else {
                throw fault("expected a value, found \(indicator(byte))")
            }
        case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"),
            UInt8(ascii: "#"), UInt8(ascii: "|"), UInt8(ascii: ">"), UInt8(ascii: "%"), UInt8(ascii: "@"),
            UInt8(ascii: "`"):
            throw fault("expected a value, found \(indicator(byte)); quote the text")
        default: break
        }
        return YAMLScalar(text: try plain(parentIndent: parentIndent, inFlow: inFlow), style: .plain)
    }

    private func indicator(_ byte: UInt8) -> String {
        String(decoding: [byte], as: UTF8.self).quoted
    }

    func isFlowIndicator(at index: Int) -> Bool {
        guard index < bytes.count else { return false }
        switch bytes[index] {
        case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"): return true
        default: return false
        }
    }
}

// MARK: - Plain

extension YAMLParser {
    private mutating func plain(parentIndent: Int, inFlow: Bool) throws(DocumentFault) -> String {
        let first = plainLine(inFlow: inFlow)
        guard isAtLineEnd, !isAtEnd else { return String(decoding: bytes[first], as: UTF8.self) }
        var text = Array(bytes[first])
        while isAtLineEnd, let lineEnds = reachContinuation(parentIndent: parentIndent) {
            let range = plainLine(inFlow: inFlow)
            text.appendFold(of: lineEnds)
            text += bytes[range]
            guard inFlow || !isAtKeyColon else {
                throw fault("expected more text, found a key; indent it as the key before, or quote the text")
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// To the end of the text on this line, and over the blanks behind it.
    private mutating func plainLine(inFlow: Bool) -> Range<Int> {
        let start = position
        var end = position
        while !isAtLineEnd {
            let byte = bytes[position]
            if byte == UInt8(ascii: ":"),
                isBlankOrEnd(at: position + 1) || inFlow && isFlowIndicator(at: position + 1)
            {
                break
            }
            if byte == UInt8(ascii: "#"), position > start, isBlank(at: position - 1) { break }
            if inFlow, isFlowIndicator(at: position) { break }
            position += 1
            if !isBlank(at: position - 1) { end = position }
        }
        return start..<end
    }

    /// To the text of the next line that continues a plain scalar, with the count of line ends gone over; nil, and the
    /// position stays, if there is none.
    private mutating func reachContinuation(parentIndent: Int) -> Int? {
        let mark = (position, line, lineStart)
        var lineEnds = 0
        while isAtLineEnd, !isAtEnd {
            takeLineEnd()
            lineEnds += 1
            skipBlanks()
        }
        guard !isAtEnd, column > parentIndent, !isAtMarker, peek() != UInt8(ascii: "#") else {
            (position, line, lineStart) = mark
            return nil
        }
        return lineEnds
    }
}

// MARK: - Quoted

extension YAMLParser {
    private mutating func singleQuoted(parentIndent: Int) throws(DocumentFault) -> String {
        let openingLine = line
        position += 1
        var text: [UInt8] = []
        while let byte = peek() {
            if isAtLineEnd {
                try foldQuotedLines(into: &text, keeping: 0, parentIndent: parentIndent)
            } else if byte != UInt8(ascii: "'") {
                text.append(byte)
                position += 1
            } else if peek(1) == UInt8(ascii: "'") {
                text.append(byte)
                position += 2
            } else {
                position += 1
                skipBlanks()
                return String(decoding: text, as: UTF8.self)
            }
        }
        throw DocumentFault(line: openingLine, field: "", problem: "expected a closing ' for the one on this line")
    }

    private mutating func doubleQuoted(parentIndent: Int) throws(DocumentFault) -> String {
        let openingLine = line
        position += 1
        var text: [UInt8] = []
        // Bytes that an escape wrote are not trimmed before a line's end.
        var escapedCount = 0
        while let byte = peek() {
            if isAtLineEnd {
                try foldQuotedLines(into: &text, keeping: escapedCount, parentIndent: parentIndent)
            } else if byte == UInt8(ascii: "\\") {
                try takeEscape(into: &text, parentIndent: parentIndent)
                escapedCount = text.count
            } else if byte == UInt8(ascii: "\"") {
                position += 1
                skipBlanks()
                return String(decoding: text, as: UTF8.self)
            } else {
                text.append(byte)
                position += 1
            }
        }
        throw DocumentFault(line: openingLine, field: "", problem: "expected a closing \" for the one on this line")
    }

    /// Over line ends and the blanks around them, which stand for a space, or for one line end less than there are.
    private mutating func foldQuotedLines(
        into text: inout [UInt8], keeping kept: Int, parentIndent: Int
    ) throws(DocumentFault) {
        while text.count > kept, let last = text.last, last == 0x20 || last == 0x09 { text.removeLast() }
        text.appendFold(of: try takeQuotedLineEnds(parentIndent: parentIndent))
    }

    private mutating func takeQuotedLineEnds(parentIndent: Int) throws(DocumentFault) -> Int {
        var lineEnds = 0
        while isAtLineEnd, !isAtEnd {
            takeLineEnd()
            lineEnds += 1
            guard !isAtMarker else { throw fault("expected the closing quote, found the document's end") }
            skipBlanks()
        }
        guard isAtEnd || column > parentIndent else {
            throw fault("expected the closing quote, or more indentation")
        }
        return lineEnds
    }

    /// YAML 1.2 §5.7, with the surrogate pairs of JSON.
    private mutating func takeEscape(into text: inout [UInt8], parentIndent: Int) throws(DocumentFault) {
        position += 1
        guard let byte = peek() else { return }
        if isAtLineEnd {
            let lineEnds = try takeQuotedLineEnds(parentIndent: parentIndent)
            text += repeatElement(0x0a, count: max(0, lineEnds - 1))
            return
        }
        position += 1
        switch byte {
        case UInt8(ascii: "x"): try text.append(scalarOf: hexadecimal(digits: 2), else: fault(Self.escapeProblem))
        case UInt8(ascii: "U"): try text.append(scalarOf: hexadecimal(digits: 8), else: fault(Self.escapeProblem))
        case UInt8(ascii: "u"): try text.append(scalarOf: utf16Escape(), else: fault(Self.escapeProblem))
        default:
            guard let meaning = Self.escapes[byte] else { throw fault(Self.escapeProblem) }
            text += Array(String(meaning).utf8)
        }
    }

    private static let escapeProblem = "expected an escape that YAML knows after \"\\\""

    private static let escapes: [UInt8: Unicode.Scalar] = [
        UInt8(ascii: "0"): "\0", UInt8(ascii: "a"): "\u{7}", UInt8(ascii: "b"): "\u{8}", UInt8(ascii: "t"): "\t",
        0x09: "\t", UInt8(ascii: "n"): "\n", UInt8(ascii: "v"): "\u{b}", UInt8(ascii: "f"): "\u{c}",
        UInt8(ascii: "r"): "\r", UInt8(ascii: "e"): "\u{1b}", UInt8(ascii: " "): " ", UInt8(ascii: "\""): "\"",
        UInt8(ascii: "/"): "/", UInt8(ascii: "\\"): "\\", UInt8(ascii: "N"): "\u{85}", UInt8(ascii: "_"): "\u{a0}",
        UInt8(ascii: "L"): "\u{2028}", UInt8(ascii: "P"): "\u{2029}",
    ]

    private mutating func utf16Escape() throws(DocumentFault) -> UInt32 {
        let first = try hexadecimal(digits: 4)
        guard (0xd800...0xdbff).contains(first), peek() == UInt8(ascii: "\\"), peek(1) == UInt8(ascii: "u") else {
            return first
        }
        position += 2
        let second = try hexadecimal(digits: 4)
        guard (0xdc00...0xdfff).contains(second) else { throw fault(Self.escapeProblem) }
        return 0x10000 + (first - 0xd800) << 10 + (second - 0xdc00)
    }

    private mutating func hexadecimal(digits count: Int) throws(DocumentFault) -> UInt32 {
        guard position + count <= bytes.count else { throw fault(Self.escapeProblem) }
        let digits = bytes[position..<position + count]
        guard digits.allSatisfy(\.isHexadecimalDigit),
            let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw fault(Self.escapeProblem) }
        position += count
        return value
    }
}

// MARK: - Block

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

// MARK: - Text in the making

extension [UInt8] {
    /// One line end between two lines of text is a space; of several, all but one remain.
    fileprivate mutating func appendFold(of lineEnds: Int) {
        if lineEnds == 1 { append(0x20) } else { self += repeatElement(0x0a, count: lineEnds - 1) }
    }

    fileprivate mutating func append(scalarOf value: UInt32, else fault: DocumentFault) throws(DocumentFault) {
        guard let scalar = Unicode.Scalar(value) else { throw fault }
        self += Array(String(scalar).utf8)
    }
}
