/// An IP address and a TCP or UDP port.
package struct SocketAddress: Hashable, Sendable {
    package var ip: IPAddress
    package var port: UInt16

    package init(_ ip: IPAddress, _ port: UInt16) {
        self.ip = ip
        self.port = port
    }
}

extension SocketAddress: CustomStringConvertible, LosslessStringConvertible {
    /// `a.b.c.d:port` or `[v6]:port`; the port is decimal, 0 to 65535, and must be there.
    package init?(_ text: some StringProtocol) {
        let text = Substring(text)
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")),
            let port = UInt16(decimal: text[text.utf8.index(after: colon)...])
        else { return nil }
        var host = text[..<colon].utf8
        if host.first == UInt8(ascii: "[") {
            guard host.last == UInt8(ascii: "]"), host.contains(UInt8(ascii: ":")) else { return nil }
            host = host.dropFirst().dropLast()
        } else if host.contains(UInt8(ascii: ":")) {
            return nil
        }
        guard let ip = IPAddress(Substring(host)) else { return nil }
        self.init(ip, port)
    }

    package var description: String {
        ip.family == .v4 ? "\(ip):\(port)" : "[\(ip)]:\(port)"
    }
}

extension UInt16 {
    /// A port as peers write it: one to five ASCII digits, no sign, no blanks.
    package init?(decimal text: some StringProtocol) {
        guard (1...5).contains(text.utf8.count) else { return nil }
        var number: UInt32 = 0
        for byte in text.utf8 {
            guard byte.isASCIIDigit else { return nil }
            number = number * 10 + UInt32(byte - 0x30)
        }
        self.init(exactly: number)
    }
}
