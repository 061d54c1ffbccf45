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
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(decimal: text[text.index(after: colon)...]) else {
            return nil
        }
        var host = text[..<colon]
        if host.first == "[" {
            guard host.last == "]", host.contains(":") else { return nil }
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard let ip = IPAddress(host) else { return nil }
        self.init(ip, port)
    }

    package var description: String {
        ip.family == .v4 ? "\(ip):\(port)" : "[\(ip)]:\(port)"
    }
}

extension UInt16 {
    /// A port as peers write it: one to five ASCII digits, no sign, no blanks.
    package init?(decimal text: some StringProtocol) {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        self.init(text)
    }
}
