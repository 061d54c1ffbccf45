/// The destination that a CONNECT request names: `a.b.c.d:port`, `[v6]:port` or `host.name:port`.
package enum ConnectAuthority: Hashable, Sendable {
    case address(SocketAddress)
    /// The name is in lower case.
    case hostname(String, port: UInt16)

    package var port: UInt16 {
        switch self {
        case .address(let address): return address.port
        case .hostname(_, let port): return port
        }
    }
}

extension ConnectAuthority: CustomStringConvertible, LosslessStringConvertible {
    /// RFC 1035 §2.3.4, as text without the last dot.
    private static let hostnameLengthMax = 253
    private static let labelLengthMax = 63

    /// Port 0, user information, a name that is almost an address, and anything else beside the three forms are
    /// refused.
    package init?(_ text: some StringProtocol) {
        let text = Substring(text)
        if let address = SocketAddress(text) {
            guard address.port != 0 else { return nil }
            self = .address(address)
            return
        }
        guard text.utf8.count <= Self.hostnameLengthMax + 6, let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")),
            let port = UInt16(decimal: text[text.utf8.index(after: colon)...]), port != 0,
            Self.isHostname(text[..<colon])
        else { return nil }
        self = .hostname(text[..<colon].lowercased(), port: port)
    }

    package var description: String {
        switch self {
        case .address(let address): return address.description
        case .hostname(let name, let port): return "\(name):\(port)"
        }
    }

    private static func isHostname(_ text: Substring) -> Bool {
        guard text.utf8.count <= hostnameLengthMax else { return false }
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard let last = labels.last, !last.allSatisfy(\.isASCIIDigit) else { return false }
        return labels.allSatisfy { label in
            (1...labelLengthMax).contains(label.count)
                && label.allSatisfy {
                    $0.isASCIIDigit || $0.isASCIILetter || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                }
        }
    }
}
