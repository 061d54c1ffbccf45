/// What Kubernetes takes as names. They become parts of identities, host names and paths, so nothing else is let in.
enum ObjectName {
    static let expectedLabel = "lower-case letters, digits and dashes, 63 at most"
    static let expectedSubdomain = "lower-case letters, digits, dashes and dots, 253 at most"

    /// RFC 1123: up to 63 lower-case letters, digits and dashes, neither first nor last a dash.
    static func isLabel(_ text: Substring) -> Bool {
        (1...63).contains(text.utf8.count) && text.utf8.allSatisfy(\.isLowerAlphanumericOrDash)
            && text.utf8.first != UInt8(ascii: "-") && text.utf8.last != UInt8(ascii: "-")
    }

    static func isLabel(_ text: String) -> Bool { isLabel(text[...]) }

    /// Labels with dots between, up to 253 characters.
    static func isSubdomain(_ text: String) -> Bool {
        text.utf8.count <= 253 && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy(isLabel)
    }

    /// A name in any case of letters, of a zone perhaps: `*.` before it, or `*` alone.
    static func isHost(_ text: String) -> Bool {
        if text == "*" { return true }
        let name = text.hasPrefix("*.") ? String(text.dropFirst(2)) : text
        return name.utf8.count <= 253
            && name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { isHostLabel($0) }
    }

    /// Underscores too, which are found in names though hosts should not have them.
    private static func isHostLabel(_ text: Substring) -> Bool {
        (1...63).contains(text.utf8.count) && text.utf8.allSatisfy { $0.isAlphanumeric || $0 == 0x2d || $0 == 0x5f }
    }

    /// RFC 6335: up to 15 lower-case letters, digits and dashes, a letter among them.
    static func isPortName(_ text: String) -> Bool {
        text.utf8.count <= 15 && isLabel(text) && text.utf8.contains { (0x61...0x7a).contains($0) }
    }

    /// Up to 63 letters, digits, dashes, underscores and dots, first and last a letter or digit; or nothing.
    static func isLabelValue(_ text: String) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last else { return true }
        return text.utf8.count <= 63 && first.isAlphanumeric && last.isAlphanumeric
            && text.utf8.allSatisfy { $0.isAlphanumeric || $0 == 0x2d || $0 == 0x5f || $0 == 0x2e }
    }

    /// A label value that is not empty, and before it perhaps a subdomain and a slash.
    static func isLabelKey(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let name = parts.last, !name.isEmpty, isLabelValue(String(name)) else { return false }
        return parts.count == 1 || isSubdomain(String(parts[0]))
    }
}

extension UInt8 {
    fileprivate var isLowerAlphanumericOrDash: Bool {
        (0x61...0x7a).contains(self) || (0x30...0x39).contains(self) || self == 0x2d
    }

    fileprivate var isAlphanumeric: Bool {
        (0x61...0x7a).contains(self) || (0x41...0x5a).contains(self) || (0x30...0x39).contains(self)
    }
}
