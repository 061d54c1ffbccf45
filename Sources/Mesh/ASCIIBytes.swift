/// Classes of ASCII bytes that headers and names are made of.
extension UInt8 {
    package var isASCIIDigit: Bool { (0x30...0x39).contains(self) }
    package var isASCIILetter: Bool { (0x61...0x7a).contains(self | 0x20) }
    package var isBlank: Bool { self == 0x20 || self == 0x09 }

    /// RFC 9110 §5.6.2, `tchar`.
    package var isToken: Bool {
        switch self {
        case _ where isASCIIDigit || isASCIILetter: return true
        case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
            UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
            return true
        default: return false
        }
    }

    /// Printable ASCII, blank included.
    package var isPrintable: Bool { (0x20...0x7e).contains(self) }
}

extension StringProtocol {
    /// Without the blanks at both ends.
    package var trimmed: Substring {
        var rest = Substring(self).utf8.drop(while: \.isBlank)
        while let last = rest.last, last.isBlank { rest.removeLast() }
        return Substring(rest)
    }
}
