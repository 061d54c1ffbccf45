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
            // What stands there may be no text but what ends it: a comma, a bracket, the colon behind a key.
            if !range.isEmpty { text.appendFold(of: lineEnds) }
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

extension [UInt8] {
    /// One line end between two lines of text is a space; of several, all but one remain.
    mutating func appendFold(of lineEnds: Int) {
        if lineEnds == 1 { append(0x20) } else { self += repeatElement(0x0a, count: lineEnds - 1) }
    }
}
