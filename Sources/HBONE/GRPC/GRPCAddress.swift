import Mesh

/// Where a gRPC server is, as `https://HOST:PORT` says it; `http://` is without TLS, and no scheme at all is `https`.
package struct GRPCAddress: Hashable, Sendable, LosslessStringConvertible {
    private static let hostLimitBytes = 253

    package let isSecure: Bool
    /// A name, or an address without brackets.
    package let host: String
    package let port: UInt16

    package init?(_ text: String) {
        var rest = text[...]
        isSecure = !rest.hasPrefix("http://")
        for scheme in ["http://", "https://"] where rest.hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.count)
            break
        }
        if rest.hasSuffix("/") { rest.removeLast() }
        guard let colon = rest.lastIndex(of: ":"), let port = UInt16(rest[rest.index(after: colon)...]), port > 0,
            let host = Self.host(rest[..<colon])
        else { return nil }
        self.host = host
        self.port = port
    }

    /// RFC 3986 §3.2.2: an address of IPv6 stands in brackets.
    private static func host(_ text: Substring) -> String? {
        if text.hasPrefix("["), text.hasSuffix("]") {
            let inner = String(text.dropFirst().dropLast())
            return IPAddress(inner)?.family == .v6 ? inner : nil
        }
        let isName = text.utf8.allSatisfy {
            (0x61...0x7a).contains($0) || (0x41...0x5a).contains($0) || (0x30...0x39).contains($0)
                || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
        }
        return isName && (1...hostLimitBytes).contains(text.utf8.count) ? String(text) : nil
    }

    /// What a request calls it (`:authority`).
    package var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    package var description: String { (isSecure ? "https://" : "http://") + authority }
}
