import Mesh

/// Names and addresses that come in certificates, headers and files.
extension FuzzEntry {
    private struct Addresses: Equatable {
        let ip: IPAddress?
        let prefix: IPPrefix?
        let socket: SocketAddress?
        let network: NetworkAddress?
        let name: NamespacedName?
    }

    static let address = FuzzEntry(pure: "address", inputLimitBytes: 256) { bytes throws(FuzzFault) in
        let text = text(bytes)
        return Addresses(
            ip: try readAgain(IPAddress.self, text), prefix: try readAgain(IPPrefix.self, text),
            socket: try readAgain(SocketAddress.self, text), network: try readAgain(NetworkAddress.self, text),
            name: try readAgain(NamespacedName.self, text))
    }

    static let identity = FuzzEntry(pure: "identity", inputLimitBytes: 4096) { bytes throws(FuzzFault) in
        let identity = try readAgain(SPIFFEIdentity.self, text(bytes))
        // Part of a certificate's text and of a policy's comparison: nothing in it may be taken for a separator.
        if let identity, !identity.principal.utf8.allSatisfy({ $0.isToken || $0 == UInt8(ascii: "/") }) {
            throw FuzzFault("\(identity)")
        }
        return identity
    }
}
