import Mesh

/// The strings of a policy: `*` is anything there is, `*x` an end, `x*` a beginning, else the whole.
enum StringPattern {
    static func match(_ text: String) -> AuthorizationPolicy.StringMatch {
        if text == "*" { return .presence }
        if text.hasPrefix("*") { return .suffix(String(text.dropFirst())) }
        if text.hasSuffix("*") { return .prefix(String(text.dropLast())) }
        return .exact(text)
    }
}
