/// The header `forwarded` (RFC 7239) of a CONNECT: for whom, and to which service. What a peer claims.
package struct ForwardedHeader: Hashable, Sendable {
    /// The client's address, where one is given with its port.
    package var client: SocketAddress?
    /// The hostname of the service that the client meant.
    package var host: String?
    /// Who the client has proven to be to a waypoint: a parameter of ours (`identity`), as RFC 7239 §5.5 lets us have one.
    package var identity: SPIFFEIdentity?

    package init(client: SocketAddress? = nil, host: String? = nil, identity: SPIFFEIdentity? = nil) {
        self.client = client
        self.host = host
        self.identity = identity
    }
}

// MARK: - Text

extension ForwardedHeader: CustomStringConvertible, LosslessStringConvertible {
    private static let lengthMax = 1024

    /// The header's first element: the hop nearest to the client. Nil when it is malformed; parameters that we do not
    /// read may hold anything that the grammar allows.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count <= Self.lengthMax else { return nil }
        self.init()
        var rest = Array(text.utf8)[...]
        repeat {
            guard let pair = Self.takePair(&rest) else { return nil }
            switch pair.name {
            case "for" where client == nil: client = SocketAddress(pair.value)
            // A quoted value may hold tabs, which no name has and no log line should.
            case "host" where host == nil && !pair.value.isEmpty && pair.value.utf8.allSatisfy(\.isPrintable):
                host = pair.value
            case "identity" where identity == nil: identity = SPIFFEIdentity(pair.value)
            default: break
            }
            rest = rest.drop(while: \.isBlank)
            if rest.isEmpty || rest.first == UInt8(ascii: ",") { return }
        } while rest.popFirst() == UInt8(ascii: ";")
        return nil
    }

    private static func takePair(_ rest: inout ArraySlice<UInt8>) -> (name: String, value: String)? {
        rest = rest.drop(while: \.isBlank)
        guard let name = takeToken(&rest), rest.popFirst() == UInt8(ascii: "=") else { return nil }
        let value = rest.first == UInt8(ascii: "\"") ? takeQuoted(&rest) : takeToken(&rest)
        return value.map { (name.lowercased(), $0) }
    }

    private static func takeToken(_ rest: inout ArraySlice<UInt8>) -> String? {
        let token = rest.prefix(while: \.isToken)
        guard !token.isEmpty else { return nil }
        rest = rest.dropFirst(token.count)
        return String(decoding: token, as: UTF8.self)
    }

    /// RFC 9110 §5.6.4, ASCII only.
    private static func takeQuoted(_ rest: inout ArraySlice<UInt8>) -> String? {
        rest = rest.dropFirst()
        var value: [UInt8] = []
        while var byte = rest.popFirst(), byte.isPrintable || byte == 0x09 {
            if byte == UInt8(ascii: "\"") { return String(decoding: value, as: UTF8.self) }
            if byte == UInt8(ascii: "\\") {
                guard let escaped = rest.popFirst(), escaped.isPrintable || escaped == 0x09 else { return nil }
                byte = escaped
            }
            value.append(byte)
        }
        return nil
    }

    /// `for="ip:port";host=name;identity="spiffe://…"`. A host that is no token is quoted; one that a header cannot carry is left out.
    package var description: String {
        var parameters: [String] = []
        if let client { parameters.append("for=\"\(client)\"") }
        if let host, !host.isEmpty, host.utf8.allSatisfy(\.isPrintable) {
            parameters.append("host=" + (host.utf8.allSatisfy(\.isToken) ? host : Self.quoted(host)))
        }
        if let identity { parameters.append("identity=" + Self.quoted(identity.description)) }
        return parameters.joined(separator: ";")
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for character in text {
            if character == "\"" || character == "\\" { quoted.append("\\") }
            quoted.append(character)
        }
        return quoted + "\""
    }
}
