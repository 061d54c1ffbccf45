/// Writes values as YAML in block style: the same value always gives the same text, and `YAMLParser` reads it back.
package struct YAMLEmitter {
    private var text = ""

    /// One document, ending with a line end.
    package static func text(of node: YAMLNode) -> String {
        var emitter = YAMLEmitter()
        emitter.write(node, indent: 0)
        return emitter.text
    }

    /// Several documents, each behind `---`.
    package static func text(ofDocuments nodes: [YAMLNode]) -> String {
        nodes.map { "---\n" + text(of: $0) }.joined()
    }

    /// A value that begins at the start of a line, or behind `- `, with `indent` spaces before its further lines.
    private mutating func write(_ node: YAMLNode, indent: Int) {
        switch node.content {
        case .scalar(let scalar): text += Self.text(of: scalar) + "\n"
        case .sequence([]): text += "[]\n"
        case .mapping([]): text += "{}\n"
        case .sequence(let items):
            for (index, item) in items.enumerated() {
                if index > 0 { pad(indent) }
                text += "- "
                write(item, indent: indent + 2)
            }
        case .mapping(let entries):
            for (index, entry) in entries.enumerated() {
                if index > 0 { pad(indent) }
                text += Self.text(of: entry.key) + ":"
                writeValue(entry.value, indent: indent)
            }
        }
    }

    private mutating func writeValue(_ node: YAMLNode, indent: Int) {
        switch node.content {
        case .scalar, .sequence([]), .mapping([]):
            text += " "
            write(node, indent: indent)
        case .sequence:
            text += "\n"
            pad(indent)
            write(node, indent: indent)
        case .mapping:
            text += "\n"
            pad(indent + 2)
            write(node, indent: indent + 2)
        }
    }

    private mutating func pad(_ indent: Int) {
        text += String(repeating: " ", count: indent)
    }
}

extension YAMLEmitter {
    /// Plain scalars as they are; text without quotes only where nothing could take it for something else.
    static func text(of scalar: YAMLScalar) -> String {
        let isPlain = scalar.style == .plain && !isSomethingElse(scalar.text)
        return isPlain || canStandPlain(scalar.text) ? scalar.text : quoted(scalar.text)
    }

    /// Plain text that would not be read again as it was: line ends would be folded, and at the start of a line, where it did
    /// not stand before, some text ends the document.
    private static func isSomethingElse(_ text: String) -> Bool {
        text.utf8.contains(0x0a) || text.utf8.starts(with: "---".utf8) || text.utf8.starts(with: "...".utf8)
    }

    private static func canStandPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, first.isLetter || first.isDigit || first == UInt8(ascii: "/"),
            text.utf8.last != UInt8(ascii: ":")
        else { return false }
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "/"), UInt8(ascii: ":"): true
            default: byte.isLetter || byte.isDigit
            }
        }
        return isPlain && YAMLScalar(text: text, style: .plain).string != nil
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case _ where isPrintable(scalar): quoted.unicodeScalars.append(scalar)
            default: quoted += escape(scalar)
            }
        }
        return quoted + "\""
    }

    /// Not a control character, a line or paragraph separator, or the byte order mark.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x7e, 0xa0...0x2027, 0x202a...0xfefe, 0xff00...: true
        default: false
        }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}

extension UInt8 {
    fileprivate var isLetter: Bool { (0x41...0x5a).contains(self) || (0x61...0x7a).contains(self) }
}
