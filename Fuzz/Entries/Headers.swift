import Mesh

/// The values of a CONNECT's headers, each as a peer may write it.
extension FuzzEntry {
    static let authority = FuzzEntry(pure: "authority", inputLimitBytes: 512) { bytes throws(FuzzFault) in
        let authority = try readAgain(ConnectAuthority.self, text(bytes))
        if let authority, authority.port == 0 { throw FuzzFault("port 0 in \(authority)") }
        return authority
    }

    static let baggage = FuzzEntry(pure: "baggage", inputLimitBytes: 8192) { bytes throws(FuzzFault) in
        let baggage = Baggage(text(bytes))
        let header = baggage.header
        guard Baggage(header) == baggage else { throw FuzzFault("\(baggage) is printed as \(header)") }
        try requirePrintable(header)
        return baggage
    }

    static let forwarded = FuzzEntry(pure: "forwarded", inputLimitBytes: 2048) { bytes throws(FuzzFault) in
        guard let header = ForwardedHeader(text(bytes)) else { return ForwardedHeader?.none }
        try requirePrintable(header.description)
        // With nothing in it that we read it is printed as nothing, which is no header.
        guard header == ForwardedHeader() || ForwardedHeader(header.description) == header else {
            throw FuzzFault("\(header) is not read as it was printed")
        }
        return header
    }

    /// What is printed goes into headers and logs.
    private static func requirePrintable(_ header: String) throws(FuzzFault) {
        guard header.utf8.allSatisfy(\.isPrintable) else {
            throw FuzzFault("not printable: \(header.debugDescription)")
        }
    }
}
