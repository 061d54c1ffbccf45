/// The text of a scalar, and whether quotes say that it is text whatever it looks like.
package struct YAMLScalar: Hashable, Sendable {
    package enum Style: Hashable, Sendable { case plain, quoted }

    package var text: String
    package var style: Style

    package init(text: String, style: Style) {
        self.text = text
        self.style = style
    }

    package var isNull: Bool {
        guard style == .plain else { return false }
        switch text {
        case "", "~", "null", "Null", "NULL": return true
        default: return false
        }
    }

    package var boolean: Bool? {
        guard style == .plain else { return nil }
        switch text {
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        default: return nil
        }
    }

    /// A plain decimal integer.
    package var integer: Int? {
        guard style == .plain, text.utf8.count <= 19 else { return nil }
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        guard !digits.isEmpty, digits.allSatisfy(\.isDigit) else { return nil }
        return Int(text)
    }

    /// Text that no reader of YAML takes for something else: quoted, or plain and neither a number nor a boolean.
    package var string: String? {
        guard style == .plain else { return text }
        return isNull || Self.isBooleanSomewhere(text) || Self.isNumber(text) ? nil : text
    }

    package var kind: String {
        if isNull { return "nothing" }
        if string != nil { return "the text \(Self.excerpt(text))" }
        return Self.isNumber(text) ? "the number \(Self.excerpt(text))" : "the boolean \(Self.excerpt(text))"
    }

    /// Enough of a value to recognise it by, safe to print.
    package static func excerpt(_ text: String) -> String {
        let limit = 60
        let shown = text.unicodeScalars.prefix(limit).map { scalar in
            scalar.properties.generalCategory == .control ? "?" : String(scalar)
        }
        return "\"" + shown.joined() + (text.unicodeScalars.count > limit ? "…" : "") + "\""
    }

    /// Plain words that YAML 1.1 or 1.2 reads as booleans.
    private static func isBooleanSomewhere(_ text: String) -> Bool {
        guard text.utf8.count <= 5 else { return false }
        switch text.lowercased() {
        case "true", "false", "yes", "no", "on", "off", "y", "n": return true
        default: return false
        }
    }

    /// Whether plain text is a number in YAML 1.1 or 1.2: decimal, `0x`, `0o`, `0b`, with `_`, a fraction, an exponent, or infinite.
    static func isNumber(_ text: String) -> Bool {
        var rest = text.utf8[...]
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { rest = rest.dropFirst() }
        guard let first = rest.first else { return false }
        if first == UInt8(ascii: "0"), let radix = rest.dropFirst().first {
            let digits = rest.dropFirst(2)
            switch radix {
            case UInt8(ascii: "x"): return !digits.isEmpty && digits.allSatisfy { $0.isHexadecimalDigit || $0 == 0x5f }
            case UInt8(ascii: "o"), UInt8(ascii: "b"):
                return !digits.isEmpty && digits.allSatisfy { $0.isDigit || $0 == 0x5f }
            default: break
            }
        }
        switch text.lowercased() {
        case ".inf", "+.inf", "-.inf", ".nan": return true
        default: return isDecimal(rest)
        }
    }

    private static func isDecimal(_ text: Substring.UTF8View) -> Bool {
        let mantissa = text.prefix { $0 != UInt8(ascii: "e") && $0 != UInt8(ascii: "E") }
        let exponent = text[mantissa.endIndex...].dropFirst()
        guard mantissa.contains(where: \.isDigit), mantissa.first != 0x5f,
            mantissa.allSatisfy({ $0.isDigit || $0 == UInt8(ascii: ".") || $0 == 0x5f }),
            mantissa.count(where: { $0 == UInt8(ascii: ".") }) <= 1
        else { return false }
        guard mantissa.endIndex != text.endIndex else { return true }
        let sign = exponent.first
        let digits = sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") ? exponent.dropFirst() : exponent
        return !digits.isEmpty && digits.allSatisfy(\.isDigit)
    }
}

extension UInt8 {
    var isDigit: Bool { (0x30...0x39).contains(self) }

    var isHexadecimalDigit: Bool {
        isDigit || (0x41...0x46).contains(self) || (0x61...0x66).contains(self)
    }
}
