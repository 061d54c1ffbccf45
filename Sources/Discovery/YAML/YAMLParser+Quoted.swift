extension YAMLParser {
    mutating func singleQuoted(parentIndent: Int) throws(DocumentFault) -> String {
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

    mutating func doubleQuoted(parentIndent: Int) throws(DocumentFault) -> String {
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

extension [UInt8] {
    fileprivate mutating func append(scalarOf value: UInt32, else fault: DocumentFault) throws(DocumentFault) {
        guard let scalar = Unicode.Scalar(value) else { throw fault }
        self += Array(String(scalar).utf8)
    }
}
